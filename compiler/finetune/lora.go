package finetune

import (
	"bytes"
	"fmt"
	"io"
	"math"
	"math/rand/v2"

	"paw/arch"
	"paw/gguf"
)

// Adapter is a LoRA on every linear of every layer: each computes
// y += (Alpha/Rank) · B·(A·x). All pairs lie in one slice, so that the
// optimiser sees a single vector of parameters.
type Adapter struct {
	Rank  int
	Alpha float32
	Pairs []Pair // layer·modules + module
	flat  []float32
}

// Pair is one low-rank product. A is (rank × in), B is (out × rank).
type Pair struct{ A, B []float32 }

// NewAdapter is the zero adapter: valid, and without effect.
func NewAdapter(g arch.Geometry, rank int, alpha float32) *Adapter {
	infos := g.Modules()
	total := 0
	for _, info := range infos {
		total += rank * (info.In + info.Out)
	}
	a := &Adapter{Rank: rank, Alpha: alpha, flat: make([]float32, total*g.Layers)}
	rest := a.flat
	take := func(n int) (s []float32) {
		s, rest = rest[:n:n], rest[n:]
		return s
	}
	for range g.Layers {
		for _, info := range infos {
			a.Pairs = append(a.Pairs, Pair{A: take(rank * info.In), B: take(info.Out * rank)})
		}
	}
	return a
}

// ReadAdapter reads an adapter GGUF, checked against the geometry of its base.
// Pairs the file leaves out are zero.
func ReadAdapter(src io.ReaderAt, size int64, g arch.Geometry) (*Adapter, error) {
	f, err := gguf.Parse(src, size)
	if err != nil {
		return nil, fmt.Errorf("finetune: adapter: %w", err)
	}
	index, err := arch.AdapterFromGGUF(f, g)
	if err != nil {
		return nil, fmt.Errorf("finetune: adapter: %w", err)
	}
	a := NewAdapter(g, index.Rank, index.Alpha)
	l := &loader{src: src, file: f}
	a.each(g, func(name string, p Pair, in, out int) {
		if pair, ok := index.Pairs[name]; ok {
			copy(p.A, l.floats(pair.A.Name))
			copy(p.B, l.floats(pair.B.Name))
		}
	})
	if l.err != nil {
		return nil, fmt.Errorf("finetune: adapter: %w", l.err)
	}
	return a, nil
}

// Clone is a deep copy.
func (a *Adapter) Clone() *Adapter {
	c := a.blank()
	copy(c.flat, a.flat)
	return c
}

// blank is a zero adapter of the same shape.
func (a *Adapter) blank() *Adapter {
	c := &Adapter{Rank: a.Rank, Alpha: a.Alpha, flat: make([]float32, len(a.flat))}
	rest := c.flat
	take := func(n int) (s []float32) {
		s, rest = rest[:n:n], rest[n:]
		return s
	}
	for _, p := range a.Pairs {
		c.Pairs = append(c.Pairs, Pair{A: take(len(p.A)), B: take(len(p.B))})
	}
	return c
}

// fits refuses an adapter made for another geometry.
func (a *Adapter) fits(g arch.Geometry) error {
	infos := g.Modules()
	if len(a.Pairs) != g.Layers*len(infos) {
		return fmt.Errorf("finetune: adapter has %d pairs, the base takes %d: recompile for this base", len(a.Pairs), g.Layers*len(infos))
	}
	for i, p := range a.Pairs {
		info := infos[i%len(infos)]
		if len(p.A) != a.Rank*info.In || len(p.B) != info.Out*a.Rank {
			return fmt.Errorf("finetune: adapter for %s has %d and %d numbers, the base takes %d and %d: recompile for this base",
				g.TensorName(i/len(infos), info.Module), len(p.A), len(p.B), a.Rank*info.In, info.Out*a.Rank)
		}
	}
	return nil
}

func (a *Adapter) scale() float32 { return a.Alpha / float32(a.Rank) }

// each visits the pairs in the order of the file.
func (a *Adapter) each(g arch.Geometry, f func(name string, p Pair, in, out int)) {
	infos := g.Modules()
	for i, p := range a.Pairs {
		layer, j := i/len(infos), i%len(infos)
		f(g.TensorName(layer, infos[j].Module), p, infos[j].In, infos[j].Out)
	}
}

// randomise draws A from a normal distribution of variance 1/in. B stays zero:
// training starts from the base itself.
func (a *Adapter) randomise(g arch.Geometry, seed uint64) {
	r := rand.New(rand.NewPCG(seed, 0x5041572d6c6f7261)) // "PAW-lora"
	a.each(g, func(_ string, p Pair, in, _ int) {
		std := 1 / math.Sqrt(float64(in))
		for i := range p.A {
			p.A[i] = float32(r.NormFloat64() * std)
		}
	})
}

// GGUF is the adapter file: Q4_0, the same bytes for the same numbers.
func (a *Adapter) GGUF(g arch.Geometry) ([]byte, error) {
	var outs []gguf.Out
	a.each(g, func(name string, p Pair, in, out int) {
		r := uint64(a.Rank)
		outs = append(outs,
			gguf.Out{Name: name + ".lora_a", Dims: []uint64{uint64(in), r}, Type: gguf.Q4_0, Data: gguf.Encode(gguf.Q4_0, nil, p.A)},
			gguf.Out{Name: name + ".lora_b", Dims: []uint64{r, uint64(out)}, Type: gguf.Q4_0, Data: gguf.Encode(gguf.Q4_0, nil, p.B)})
	})
	var buf bytes.Buffer
	if err := gguf.Write(&buf, arch.AdapterKVs(g, a.Alpha, "paw adapter"), outs); err != nil {
		return nil, fmt.Errorf("finetune: adapter: %w", err)
	}
	return buf.Bytes(), nil
}

// Rounded is the adapter as a reader of its file sees it: through Q4_0. The
// rounding costs a few per cent of the loss early in a training and less than
// one once it has converged; training through the rounding (straight-through
// gradients) was measured to gain nothing, so it is not done.
func (a *Adapter) Rounded() (*Adapter, error) {
	c := a.blank()
	// Blocks lie inside tensors: every A and B is a whole number of them.
	if err := gguf.Decode(gguf.Q4_0, c.flat, gguf.Encode(gguf.Q4_0, nil, a.flat)); err != nil {
		return nil, fmt.Errorf("finetune: rounding: %w", err)
	}
	return c, nil
}
