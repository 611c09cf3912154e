package arch

import (
	"math"
	"slices"
	"strings"

	"paw/gguf"
)

// Adapter is the validated index of an adapter file.
type Adapter struct {
	Rank  int
	Alpha float32
	Pairs map[string]Pair // by TensorName; modules without a pair are not adapted
}

// Pair is y += (alpha/rank) · B·(A·x): A is (in, rank), B is (rank, out) in GGUF's order.
type Pair struct{ A, B gguf.Tensor }

// MaxRank of an adapter.
const MaxRank = 128

// adapterTypes of A and B; ours are Q4_0.
var adapterTypes = []gguf.Type{gguf.Q4_0, gguf.Q8_0, gguf.F16, gguf.F32}

// AdapterFromGGUF checks an adapter against the geometry of its base.
func AdapterFromGGUF(f *gguf.File, g Geometry) (Adapter, error) {
	a := Adapter{Pairs: map[string]Pair{}}
	for _, want := range [][2]string{{"general.architecture", g.Arch}, {"general.type", "adapter"}, {"adapter.type", "lora"}} {
		if have, _ := f.String(want[0]); have != want[1] {
			return a, fail("adapter", want[0], "%q, %q is needed: recompile for this base", have, want[1])
		}
	}
	alpha, ok := f.Float("adapter.lora.alpha")
	a.Alpha = float32(alpha)
	if !ok || !(math.Abs(alpha) <= 1e6) || a.Alpha == 0 { // NaN compares false; for llama.cpp 0 means "not scaled", for others "off"
		return a, fail("adapter", "adapter.lora.alpha", "%v: a number up to a million, not 0, is needed: write the adapter again", alpha)
	}
	used := 0
	for layer := range g.Layers {
		for _, m := range g.Modules() {
			name := g.TensorName(layer, m.Module)
			low, hasA := f.Tensor(name + ".lora_a")
			high, hasB := f.Tensor(name + ".lora_b")
			if !hasA && !hasB {
				continue
			}
			if hasA != hasB {
				return a, fail("adapter", name, "only one half of the pair is there: write the adapter again")
			}
			if err := a.rank(low); err != nil {
				return a, err
			}
			if err := g.half(low, m.In, a.Rank); err != nil {
				return a, err
			}
			if err := g.half(high, a.Rank, m.Out); err != nil {
				return a, err
			}
			a.Pairs[name] = Pair{low, high}
			used += 2
		}
	}
	if used == 0 {
		return a, fail("adapter", "", "it adapts nothing: write the adapter again")
	}
	if most := AdapterMaxBytes(g, a.Rank); f.Size() > most {
		return a, fail("adapter", "", "%d bytes, one of rank %d has at most %d: write the adapter again", f.Size(), a.Rank, most)
	}
	if used != len(f.Tensors) {
		for _, t := range f.Tensors {
			known := slices.ContainsFunc([]string{".lora_a", ".lora_b"}, func(s string) bool {
				_, ok := a.Pairs[trim(t.Name, s)]
				return ok && trim(t.Name, s) != t.Name
			})
			if !known {
				return a, fail("adapter", t.Name, "the tensor does not belong to an adapter for %d layers of %s: recompile for this base", g.Layers, g.Arch)
			}
		}
	}
	return a, nil
}

// half checks one matrix of a pair; the side that is not the rank tells another base.
func (g Geometry) half(t gguf.Tensor, in, rows int) error {
	if !slices.Contains(adapterTypes, t.Type) {
		return fail("adapter", t.Name, "type %v, one of %v is needed: write the adapter again", t.Type, adapterTypes)
	}
	if len(t.Dims) != 2 {
		return fail("adapter", t.Name, "%d dimensions, 2 are needed: write the adapter again", len(t.Dims))
	}
	have, want, rank, wantRank := t.Dims[0], in, t.Dims[1], rows
	if strings.HasSuffix(t.Name, ".lora_b") {
		have, want, rank, wantRank = t.Dims[1], rows, t.Dims[0], in
	}
	if rank != uint64(wantRank) {
		return fail("adapter", t.Name, "rank %d, the adapter's is %d: write the adapter again", rank, wantRank)
	}
	if have != uint64(want) {
		return fail("adapter", t.Name, "the adapter is for %s %d, the base has %d: recompile for this base", g.widthName(want), have, want)
	}
	return nil
}

// widthName says what a width is in the base.
func (g Geometry) widthName(n int) string {
	switch n {
	case g.Width:
		return "width"
	case g.FFN:
		return "ffn width"
	}
	return "attention width"
}

func trim(s, suffix string) string {
	if n := len(s) - len(suffix); n >= 0 && s[n:] == suffix {
		return s[:n]
	}
	return s
}

// rank takes the rank from the first pair; half demands it of all.
func (a *Adapter) rank(low gguf.Tensor) error {
	if len(low.Dims) != 2 {
		return fail("adapter", low.Name, "%d dimensions, 2 are needed: write the adapter again", len(low.Dims))
	}
	r := low.Dims[1]
	if a.Rank == 0 {
		if r < 1 || r > MaxRank || r%32 != 0 {
			return fail("adapter", low.Name, "rank %d: a multiple of 32 up to %d is needed: pad it with zeros", r, MaxRank)
		}
		a.Rank = int(r)
	}
	return nil
}

// AdapterMaxBytes is the most an adapter file of a rank may weigh: every pair in the widest type and a
// megabyte of header.
func AdapterMaxBytes(g Geometry, rank int) int64 {
	n := int64(0)
	for _, m := range g.Modules() {
		n += int64(m.In+m.Out) * int64(rank)
	}
	return n*int64(g.Layers)*4 + 1<<20
}

// AdapterKVs is the metadata of an adapter file.
func AdapterKVs(g Geometry, alpha float32, name string) []gguf.KV {
	return []gguf.KV{
		{Key: "general.architecture", Value: g.Arch},
		{Key: "general.type", Value: "adapter"},
		{Key: "general.name", Value: name},
		{Key: "adapter.type", Value: "lora"},
		{Key: "adapter.lora.alpha", Value: alpha},
		{Key: "general.quantization_version", Value: uint32(2)},
	}
}
