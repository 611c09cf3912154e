package arch

import (
	"bytes"
	"math"
	"testing"

	"paw/gguf"
)

func TestAdapter(t *testing.T) {
	for _, g := range []Geometry{small, qwen} {
		for _, rank := range []uint64{32, 64, 96, 128} {
			a, err := AdapterFromGGUF(adapter(g, rank).file(t), g)
			if err != nil || a.Rank != int(rank) || a.Alpha != 16 || len(a.Pairs) != g.Layers*len(g.Modules()) {
				t.Fatalf("%s rank %d: %+v, %v", g.Arch, rank, a, err)
			}
			p := a.Pairs[g.TensorName(1, AttnOutput)]
			if p.A.Name != "blk.1.attn_output.weight.lora_a" || p.B.Name != "blk.1.attn_output.weight.lora_b" {
				t.Errorf("%+v", p)
			}
		}
	}
}

// TestAdapterLeavesOut: a module without a pair is not adapted.
func TestAdapterLeavesOut(t *testing.T) {
	d := adapter(small, 32)
	d.remove("blk.0.attn_qkv.weight.lora_a")
	d.remove("blk.0.attn_qkv.weight.lora_b")
	a, err := AdapterFromGGUF(d.file(t), small)
	if _, there := a.Pairs["blk.0.attn_qkv.weight"]; err != nil || there || len(a.Pairs) != 7 {
		t.Errorf("%d pairs, %v", len(a.Pairs), err)
	}
}

func TestAdapterTypes(t *testing.T) {
	for typ, ok := range map[gguf.Type]bool{gguf.F32: true, gguf.F16: true, gguf.Q4_0: true, gguf.Q8_0: true, gguf.Q4_K: false, gguf.Q6_K: false} {
		wide := small
		wide.Width = 256
		d := adapter(wide, 32)
		d.replace("blk.0.attn_qkv.weight.lora_a", typ, 256, 32)
		if _, err := AdapterFromGGUF(d.file(t), wide); (err == nil) != ok {
			t.Errorf("%v: %v", typ, err)
		}
	}
}

func TestAdapterRefused(t *testing.T) {
	const a, b = "blk.0.attn_qkv.weight.lora_a", "blk.0.attn_qkv.weight.lora_b"
	for _, c := range []struct {
		name  string
		spoil func(d *draft)
		key   string
		text  string
	}{
		{"another architecture", func(d *draft) { d.set("general.architecture", "qwen3") }, "general.architecture", "recompile for this base"},
		{"no architecture", func(d *draft) { d.drop("general.architecture") }, "general.architecture", `"gpt2" is needed`},
		{"a base", func(d *draft) { d.set("general.type", "model") }, "general.type", `"adapter" is needed`},
		{"not a lora", func(d *draft) { d.set("adapter.type", "ia3") }, "adapter.type", `"lora" is needed`},
		{"alpha missing", func(d *draft) { d.drop("adapter.lora.alpha") }, "adapter.lora.alpha", "needed"},
		{"alpha is text", func(d *draft) { d.set("adapter.lora.alpha", "16") }, "adapter.lora.alpha", "needed"},
		{"alpha NaN", func(d *draft) { d.set("adapter.lora.alpha", float32(math.NaN())) }, "adapter.lora.alpha", "NaN"},
		{"alpha infinite", func(d *draft) { d.set("adapter.lora.alpha", float32(math.Inf(-1))) }, "adapter.lora.alpha", "-Inf"},
		{"alpha beyond float32", func(d *draft) { d.set("adapter.lora.alpha", 1e300) }, "adapter.lora.alpha", "1e+300"},
		{"alpha 0", func(d *draft) { d.set("adapter.lora.alpha", float32(0)) }, "adapter.lora.alpha", "not 0"},
		{"alpha vanishes in float32", func(d *draft) { d.set("adapter.lora.alpha", 1e-300) }, "adapter.lora.alpha", "not 0"},
		{"nothing adapted", func(d *draft) { d.outs = nil }, "", "adapts nothing"},
		{"A without B", func(d *draft) { d.remove(b) }, "blk.0.attn_qkv.weight", "one half"},
		{"B without A", func(d *draft) { d.remove(a) }, "blk.0.attn_qkv.weight", "one half"},
		{"rank 16", func(d *draft) { d.replace(a, gguf.Q4_0, 64, 16) }, a, "multiple of 32"},
		{"rank 160", func(d *draft) { d.replace(a, gguf.Q4_0, 64, 160) }, a, "up to 128"},
		{"rank differs in one A", func(d *draft) { d.replace("blk.1.ffn_up.weight.lora_a", gguf.Q4_0, 64, 64) }, "blk.1.ffn_up.weight.lora_a", "rank 64, the adapter's is 32"},
		{"rank differs in one B", func(d *draft) { d.replace(b, gguf.Q4_0, 64, 192) }, b, "rank 64, the adapter's is 32"},
		{"another width", func(d *draft) { d.replace(a, gguf.Q4_0, 128, 32) }, a, "for width 128, the base has 64: recompile for this base"},
		{"another attention width", func(d *draft) { d.replace(b, gguf.Q4_0, 32, 384) }, b, "for attention width 384, the base has 192"},
		{"another ffn", func(d *draft) { d.replace("blk.0.ffn_down.weight.lora_a", gguf.Q4_0, 256, 32) }, "blk.0.ffn_down.weight.lora_a", "for ffn width 256, the base has 96: recompile for this base"},
		{"A is a vector", func(d *draft) { d.replace(a, gguf.Q4_0, 64) }, a, "2 are needed"},
		{"B has three dimensions", func(d *draft) { d.replace(b, gguf.Q4_0, 32, 192, 1) }, b, "2 are needed"},
		{"B is a k-quant", func(d *draft) { d.replace(b, gguf.Q6_K, 256, 24) }, b, "Q6_K"},
		{"a layer too many", func(d *draft) {
			d.outs = append(d.outs, zeros("blk.2.attn_qkv.weight.lora_a", gguf.Q4_0, 64, 32), zeros("blk.2.attn_qkv.weight.lora_b", gguf.Q4_0, 32, 192))
		}, "blk.2.attn_qkv.weight.lora_a", "2 layers of gpt2: recompile"},
		{"embeddings adapted", func(d *draft) {
			d.outs = append(d.outs, zeros("token_embd.weight.lora_a", gguf.Q4_0, 64, 32))
		}, "token_embd.weight.lora_a", "does not belong"},
		{"a base tensor", func(d *draft) {
			d.outs = append(d.outs, zeros("blk.0.attn_qkv.weight", gguf.Q4_0, 64, 192))
		}, "blk.0.attn_qkv.weight", "does not belong"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := adapter(small, 32)
			c.spoil(d)
			_, err := AdapterFromGGUF(d.file(t), small)
			refuses(t, "adapter", c.key, c.text, err)
		})
	}
}

// TestAdapterOfAnotherBase: every geometry that differs anywhere an adapter can tell.
func TestAdapterOfAnotherBase(t *testing.T) {
	f := adapter(small, 32).file(t)
	for name, change := range map[string]func(g *Geometry){
		"width": func(g *Geometry) { g.Width = 96 }, "ffn": func(g *Geometry) { g.FFN = 128 }, "layers": func(g *Geometry) { g.Layers = 1 },
		"architecture": func(g *Geometry) { *g = qwen },
	} {
		g := small
		change(&g)
		if _, err := AdapterFromGGUF(f, g); err == nil {
			t.Errorf("another %s is accepted", name)
		}
	}
}

// What no tensor needs is not carried along.
func TestAdapterWithPadding(t *testing.T) {
	d := adapter(small, 32)
	var b bytes.Buffer
	if err := gguf.Write(&b, d.kvs, d.outs); err != nil {
		t.Fatal(err)
	}
	most := AdapterMaxBytes(small, 32)
	for size, ok := range map[int64]bool{most: true, most + 1: false} {
		padded := append(b.Bytes(), make([]byte, size-int64(b.Len()))...)
		f, err := gguf.Parse(bytes.NewReader(padded), size)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := AdapterFromGGUF(f, small); (err == nil) != ok {
			t.Errorf("%d bytes of at most %d: %v", size, most, err)
		}
	}
}

// TestPublishedSizes: formats.md gives the official adapters' weight.
func TestPublishedSizes(t *testing.T) {
	parameters := func(g Geometry) (n int64) {
		for _, m := range g.Modules() {
			n += int64(g.Layers) * 64 * int64(m.In+m.Out)
		}
		return n
	}
	if n := parameters(gpt2); n != 9_437_184 {
		t.Errorf("gpt2 at rank 64: %d parameters", n)
	}
	for _, g := range []Geometry{gpt2, qwen6} {
		most := AdapterMaxBytes(g, 64)
		if n := parameters(g); most < 4*n || most > 4*n+2<<20 {
			t.Errorf("%s: at most %d bytes for %d parameters", g.Arch, most, n)
		}
	}
}
