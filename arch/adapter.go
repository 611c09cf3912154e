package arch

import (
	"fmt"
	"math"
	"slices"

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
	for key, want := range map[string]string{"general.architecture": g.Arch, "general.type": "adapter", "adapter.type": "lora"} {
		if have, _ := f.String(key); have != want {
			return a, fail("adapter", key, "%q, %q is needed: recompile for this base", have, want)
		}
	}
	alpha, ok := f.Float("adapter.lora.alpha")
	a.Alpha = float32(alpha)
	if !ok || math.IsNaN(alpha) || math.IsInf(float64(a.Alpha), 0) || math.Abs(alpha) > 1e6 {
		return a, fail("adapter", "adapter.lora.alpha", "%v: a number is needed", alpha)
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
				return a, fail("adapter", name, "only one half of the pair is there")
			}
			if err := a.rank(low); err != nil {
				return a, err
			}
			r := uint64(a.Rank)
			if err := (TensorSpec{Dims: []uint64{uint64(m.In), r}, Types: adapterTypes}).accept("adapter", low); err != nil {
				return a, fmt.Errorf("%w: the adapter is for another base: recompile for this one", err)
			}
			if err := (TensorSpec{Dims: []uint64{r, uint64(m.Out)}, Types: adapterTypes}).accept("adapter", high); err != nil {
				return a, fmt.Errorf("%w: the adapter is for another base: recompile for this one", err)
			}
			a.Pairs[name] = Pair{low, high}
			used += 2
		}
	}
	if used == 0 {
		return a, fail("adapter", "", "it adapts nothing")
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

func trim(s, suffix string) string {
	if n := len(s) - len(suffix); n >= 0 && s[n:] == suffix {
		return s[:n]
	}
	return s
}

// rank takes the rank from the first pair and demands it of the others.
func (a *Adapter) rank(low gguf.Tensor) error {
	if len(low.Dims) != 2 {
		return fail("adapter", low.Name, "%d dimensions, 2 are needed", len(low.Dims))
	}
	r := low.Dims[1]
	if a.Rank == 0 {
		if r < 1 || r > MaxRank || r%32 != 0 {
			return fail("adapter", low.Name, "rank %d: a multiple of 32 up to %d is needed", r, MaxRank)
		}
		a.Rank = int(r)
	}
	if int(r) != a.Rank {
		return fail("adapter", low.Name, "rank %d, the other pairs have %d", r, a.Rank)
	}
	return nil
}

// AdapterMaxBytes is the most an adapter file of a rank may weigh: Q8_0 pairs and a megabyte of header.
func AdapterMaxBytes(g Geometry, rank int) int64 {
	n := int64(0)
	for _, m := range g.Modules() {
		n += int64(m.In+m.Out) * int64(rank)
	}
	return n*int64(g.Layers)*34/32 + 1<<20
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
