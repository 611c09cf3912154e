package arch

import (
	"bytes"
	"testing"

	"paw/gguf"
)

// FuzzFromGGUF: whatever a file says, it is refused or its geometry is inside the bounds and every
// tensor of the list is there in its shape; and it is never an adapter for that base as well.
func FuzzFromGGUF(f *testing.F) {
	tiny := Geometry{Arch: "gpt2", Layers: 1, Width: 32, Heads: 2, KVHeads: 2, HeadDim: 16, FFN: 32, Vocab: 3, Context: 2, NormEps: 1e-5, TiedOutput: true}
	tinyQwen := Geometry{Arch: "qwen3", Layers: 1, Width: 32, Heads: 2, KVHeads: 1, HeadDim: 16, FFN: 32, Vocab: 3, Context: 2, NormEps: 1e-5, RopeBase: 1e6}
	for _, d := range []*draft{base(tiny), base(tinyQwen), adapter(tiny, 32), adapter(tinyQwen, 32)} {
		var b bytes.Buffer
		if err := gguf.Write(&b, d.kvs, d.outs); err != nil {
			f.Fatal(err)
		}
		f.Add(b.Bytes())
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		file, err := gguf.Parse(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			return
		}
		for _, g := range []Geometry{tiny, tinyQwen} {
			a, err := AdapterFromGGUF(file, g)
			if err == nil && (a.Rank%32 != 0 || a.Rank < 32 || a.Rank > MaxRank || 2*len(a.Pairs) != len(file.Tensors)) {
				t.Fatalf("%+v of %d tensors", a, len(file.Tensors))
			}
		}
		g, err := FromGGUF(file)
		if err != nil {
			return
		}
		if g.Layers < 1 || g.Width < 32 || g.Heads < 1 || g.KVHeads < 1 || g.HeadDim < 4 || g.FFN < 32 || g.Vocab < 1 || g.Context < 1 {
			t.Fatalf("%+v", g)
		}
		for _, s := range g.BaseTensors() {
			if x, ok := file.Tensor(s.Name); !ok && !s.Optional || ok && s.accept("base", x) != nil {
				t.Fatalf("%s: %+v", s.Name, x)
			}
		}
		if _, err := AdapterFromGGUF(file, g); err == nil {
			t.Fatal("a base is accepted as its own adapter")
		}
	})
}
