package arch

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"paw/gguf"
)

var (
	small = Geometry{Arch: "gpt2", Layers: 2, Width: 64, Heads: 4, KVHeads: 4, HeadDim: 16, FFN: 96, Vocab: 300, Context: 48, NormEps: 1e-5, TiedOutput: true}
	qwen  = Geometry{Arch: "qwen3", Layers: 2, Width: 64, Heads: 4, KVHeads: 2, HeadDim: 32, FFN: 96, Vocab: 300, Context: 512, NormEps: 1e-6, RopeBase: 1e6, TiedOutput: true}
	gpt2  = Geometry{Arch: "gpt2", Layers: 12, Width: 768, Heads: 12, KVHeads: 12, HeadDim: 64, FFN: 3072, Vocab: 50257, Context: 1024}
	qwen6 = Geometry{Arch: "qwen3", Layers: 28, Width: 1024, Heads: 16, KVHeads: 8, HeadDim: 128, FFN: 3072, Vocab: 151936, Context: 40960}
)

// draft is a file that a test may spoil before it is written.
type draft struct {
	kvs  []gguf.KV
	outs []gguf.Out
}

func zeros(name string, t gguf.Type, dims ...uint64) gguf.Out {
	n := uint64(t.BlockBytes())
	for _, d := range dims {
		n *= d
	}
	return gguf.Out{Name: name, Dims: dims, Type: t, Data: make([]byte, n/uint64(t.BlockSize()))}
}

// base has every tensor of g, matrices in Q8_0.
func base(g Geometry) *draft {
	d := &draft{kvs: []gguf.KV{
		{Key: "general.architecture", Value: g.Arch},
		{Key: "general.type", Value: "model"},
		{Key: g.Arch + ".block_count", Value: uint32(g.Layers)},
		{Key: g.Arch + ".context_length", Value: uint32(g.Context)},
		{Key: g.Arch + ".embedding_length", Value: uint32(g.Width)},
		{Key: g.Arch + ".feed_forward_length", Value: uint32(g.FFN)},
		{Key: g.Arch + ".attention.head_count", Value: uint32(g.Heads)},
		{Key: g.Arch + ".attention.head_count_kv", Value: uint32(g.KVHeads)},
	}}
	if g.Arch == "qwen3" {
		d.set("qwen3.attention.key_length", uint32(g.HeadDim))
		d.set("qwen3.attention.value_length", uint32(g.HeadDim))
		d.set("qwen3.rope.freq_base", g.RopeBase)
		d.set("qwen3.attention.layer_norm_rms_epsilon", g.NormEps)
	} else {
		d.set("gpt2.attention.layer_norm_epsilon", g.NormEps)
	}
	for _, s := range g.BaseTensors() {
		if !s.Optional || !g.TiedOutput {
			d.outs = append(d.outs, zeros(s.Name, s.Types[0], s.Dims...))
		}
	}
	return d
}

// adapter has every pair.
func adapter(g Geometry, rank uint64) *draft {
	d := &draft{kvs: AdapterKVs(g, 16, "test")}
	for layer := range g.Layers {
		for _, m := range g.Modules() {
			name := g.TensorName(layer, m.Module)
			d.outs = append(d.outs, zeros(name+".lora_a", gguf.Q4_0, uint64(m.In), rank), zeros(name+".lora_b", gguf.Q4_0, rank, uint64(m.Out)))
		}
	}
	return d
}

func (d *draft) set(key string, v any) {
	d.drop(key)
	d.kvs = append(d.kvs, gguf.KV{Key: key, Value: v})
}

func (d *draft) drop(key string) {
	d.kvs = slices.DeleteFunc(d.kvs, func(kv gguf.KV) bool { return kv.Key == key })
}

func (d *draft) remove(name string) {
	d.outs = slices.DeleteFunc(d.outs, func(o gguf.Out) bool { return o.Name == name })
}

func (d *draft) replace(name string, t gguf.Type, dims ...uint64) {
	d.remove(name)
	d.outs = append(d.outs, zeros(name, t, dims...))
}

func (d *draft) file(t testing.TB) *gguf.File {
	t.Helper()
	var b bytes.Buffer
	if err := gguf.Write(&b, d.kvs, d.outs); err != nil {
		t.Fatal(err)
	}
	f, err := gguf.Parse(bytes.NewReader(b.Bytes()), int64(b.Len()))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestGeometry(t *testing.T) {
	untied := small
	untied.TiedOutput = false
	for _, want := range []Geometry{small, untied, qwen} {
		got, err := FromGGUF(base(want).file(t))
		if err != nil || got != want {
			t.Errorf("%+v, %v\nwant %+v", got, err, want)
		}
	}
}

// TestPositionRows: the official GPT-2 says 1024 and has 2048 rows; the rows count.
func TestPositionRows(t *testing.T) {
	d := base(small)
	d.set("gpt2.context_length", uint32(24))
	if g, err := FromGGUF(d.file(t)); err != nil || g.Context != 48 {
		t.Errorf("context %d, %v", g.Context, err)
	}
	d.drop("gpt2.context_length")
	if g, err := FromGGUF(d.file(t)); err != nil || g.Context != 48 {
		t.Errorf("context %d, %v", g.Context, err)
	}
}

// refuses parses the spoiled file and wants an Error about name that holds text and says what to do.
func refuses(t *testing.T, what, name, text string, err error) {
	t.Helper()
	var e *Error
	if !errors.As(err, &e) {
		t.Fatalf("got %v", err)
	}
	if e.What != what || e.Name != name || !strings.Contains(e.Text, text) {
		t.Errorf("%v\nwant %s: %s: … %s …", err, what, name, text)
	}
}

func TestBaseRefused(t *testing.T) {
	tests := []struct {
		name  string
		of    Geometry
		spoil func(d *draft)
		key   string
		text  string
	}{
		{"no architecture", small, func(d *draft) { d.drop("general.architecture") }, "general.architecture", "gpt2 and qwen3"},
		{"another architecture", small, func(d *draft) { d.set("general.architecture", "llama") }, "general.architecture", "llama"},
		{"an adapter", small, func(d *draft) { d.set("general.type", "adapter") }, "general.type", "no base model"},
		{"no layers", small, func(d *draft) { d.set("gpt2.block_count", uint32(0)) }, "gpt2.block_count", "1 to 256"},
		{"257 layers", small, func(d *draft) { d.set("gpt2.block_count", uint32(257)) }, "gpt2.block_count", "1 to 256"},
		{"width missing", small, func(d *draft) { d.drop("gpt2.embedding_length") }, "gpt2.embedding_length", "needed"},
		{"width 2^32+64", small, func(d *draft) { d.set("gpt2.embedding_length", uint64(1<<32+64)) }, "gpt2.embedding_length", "needed"},
		{"width 48", small, func(d *draft) { d.set("gpt2.embedding_length", uint32(48)) }, "gpt2.embedding_length", "multiples of 32"},
		{"ffn missing", small, func(d *draft) { d.drop("gpt2.feed_forward_length") }, "gpt2.feed_forward_length", "needed"},
		{"ffn 100", small, func(d *draft) { d.set("gpt2.feed_forward_length", uint32(100)) }, "gpt2.embedding_length", "multiples of 32"},
		{"no heads", small, func(d *draft) { d.set("gpt2.attention.head_count", uint32(0)) }, "gpt2.attention.head_count", "needed"},
		{"3 heads", small, func(d *draft) { d.set("gpt2.attention.head_count", uint32(3)) }, "gpt2.attention.head_count", "equally wide"},
		{"head dimension 2", small, func(d *draft) { d.set("gpt2.attention.head_count", uint32(32)) }, "gpt2.attention.head_count", "multiple of 4"},
		{"more heads than width", small, func(d *draft) { d.set("gpt2.attention.head_count", uint32(128)) }, "gpt2.attention.head_count", "equally wide"},
		{"grouped heads", small, func(d *draft) { d.set("gpt2.attention.head_count_kv", uint32(2)) }, "gpt2.attention.head_count_kv", "each of the 4"},
		{"epsilon missing", small, func(d *draft) { d.drop("gpt2.attention.layer_norm_epsilon") }, "gpt2.attention.layer_norm_epsilon", "between 0 and 1"},
		{"epsilon is no number", small, func(d *draft) { d.set("gpt2.attention.layer_norm_epsilon", float32(math.NaN())) }, "gpt2.attention.layer_norm_epsilon", "between 0 and 1"},
		{"more tokens than rows", small, func(d *draft) { d.set("tokenizer.ggml.tokens", make([]string, 301)) }, "tokenizer.ggml.tokens", "301 tokens"},
		{"embedding missing", small, func(d *draft) { d.remove("token_embd.weight") }, "token_embd.weight", "needed"},
		{"embedding is a vector", small, func(d *draft) { d.replace("token_embd.weight", gguf.F32, 64) }, "token_embd.weight", "needed"},
		{"positions missing", small, func(d *draft) { d.remove("position_embd.weight") }, "position_embd.weight", "needed"},
		{"positions too many", small, func(d *draft) { d.replace("position_embd.weight", gguf.F16, 1, 1<<16+1) }, "position_embd.weight", "65536"},
		{"positions of another width", small, func(d *draft) { d.replace("position_embd.weight", gguf.F32, 32, 48) }, "position_embd.weight", "[32 48]"},
		{"positions quantised", small, func(d *draft) { d.replace("position_embd.weight", gguf.Q8_0, 64, 48) }, "position_embd.weight", "Q8_0"},
		{"bias quantised", small, func(d *draft) { d.replace("blk.1.ffn_up.bias", gguf.Q8_0, 96) }, "blk.1.ffn_up.bias", "Q8_0"},
		{"norm too short", small, func(d *draft) { d.replace("blk.1.ffn_norm.weight", gguf.F32, 32) }, "blk.1.ffn_norm.weight", "[32]"},
		{"norm is a matrix", small, func(d *draft) { d.replace("output_norm.bias", gguf.F32, 64, 1) }, "output_norm.bias", "[64 1]"},
		{"matrix transposed", small, func(d *draft) { d.replace("blk.0.ffn_down.weight", gguf.Q8_0, 64, 96) }, "blk.0.ffn_down.weight", "[64 96]"},
		{"output of another vocabulary", small, func(d *draft) { d.outs = append(d.outs, zeros("output.weight", gguf.Q8_0, 64, 299)) }, "output.weight", "[64 299]"},
		{"a tensor too many", small, func(d *draft) { d.outs = append(d.outs, zeros("blk.2.attn_norm.weight", gguf.F32, 64)) }, "blk.2.attn_norm.weight", "2 layers"},
		{"a tensor of another model", small, func(d *draft) { d.outs = append(d.outs, zeros("rope_freqs.weight", gguf.F32, 8)) }, "rope_freqs.weight", "does not belong"},
		{"lora inside a base", small, func(d *draft) { d.outs = append(d.outs, zeros("blk.0.ffn_up.weight.lora_a", gguf.F32, 64, 32)) }, "blk.0.ffn_up.weight.lora_a", "does not belong"},
		{"qwen with biases", qwen, func(d *draft) { d.outs = append(d.outs, zeros("blk.0.attn_q.bias", gguf.F32, 128)) }, "blk.0.attn_q.bias", "does not belong"},
		{"qwen without query norm", qwen, func(d *draft) { d.remove("blk.1.attn_q_norm.weight") }, "blk.1.attn_q_norm.weight", "missing"},
		{"qwen, key heads missing", qwen, func(d *draft) { d.drop("qwen3.attention.head_count_kv") }, "qwen3.attention.head_count_kv", "divisor"},
		{"qwen, 3 key heads", qwen, func(d *draft) { d.set("qwen3.attention.head_count_kv", uint32(3)) }, "qwen3.attention.head_count_kv", "divisor"},
		{"qwen, odd key width", qwen, func(d *draft) { d.set("qwen3.attention.key_length", uint32(30)) }, "qwen3.attention.head_count_kv", "multiple of 32"},
		{"qwen, other value width", qwen, func(d *draft) { d.set("qwen3.attention.value_length", uint32(64)) }, "qwen3.attention.value_length", "equally wide"},
		{"qwen, no rope base", qwen, func(d *draft) { d.drop("qwen3.rope.freq_base") }, "qwen3.rope.freq_base", "above 1"},
		{"qwen, no context", qwen, func(d *draft) { d.drop("qwen3.context_length") }, "qwen3.context_length", "needed"},
	}
	for _, c := range tests {
		t.Run(c.name, func(t *testing.T) {
			d := base(c.of)
			c.spoil(d)
			_, err := FromGGUF(d.file(t))
			refuses(t, "base", c.key, c.text, err)
		})
	}
}

// TestEveryTensorIsNeeded takes them away one at a time, and then spoils each one's shape.
func TestEveryTensorIsNeeded(t *testing.T) {
	for _, g := range []Geometry{small, qwen} {
		for _, s := range g.BaseTensors() {
			d := base(g)
			d.remove(s.Name)
			if _, err := FromGGUF(d.file(t)); (err == nil) != s.Optional {
				t.Errorf("%s: without %s: %v", g.Arch, s.Name, err)
			}
			d = base(g)
			dims := slices.Clone(s.Dims)
			dims[0] += 32
			d.replace(s.Name, gguf.F32, dims...)
			_, err := FromGGUF(d.file(t))
			refuses(t, "base", s.Name, fmt.Sprint(dims), err)
		}
	}
}

// TestTypes: every listed type is accepted, the others are refused.
func TestTypes(t *testing.T) {
	wide := small // k-quants need rows of 256
	wide.Width, wide.FFN, wide.Layers = 256, 256, 1
	for _, s := range wide.BaseTensors() {
		for _, typ := range []gguf.Type{gguf.F32, gguf.F16, gguf.Q4_0, gguf.Q8_0, gguf.Q4_K, gguf.Q6_K} {
			d := base(wide)
			d.replace(s.Name, typ, s.Dims...)
			if _, err := FromGGUF(d.file(t)); (err == nil) != slices.Contains(s.Types, typ) {
				t.Errorf("%s as %v: %v", s.Name, typ, err)
			}
		}
	}
}

func TestNames(t *testing.T) {
	if got := gpt2.TensorName(3, AttnQKV); got != "blk.3.attn_qkv.weight" {
		t.Error(got)
	}
	if got := gpt2.TensorName(0, FFNGate); got != "" {
		t.Errorf("gpt2 has no gate: %q", got)
	}
	if got := qwen6.TensorName(27, FFNGate); got != "blk.27.ffn_gate.weight" {
		t.Error(got)
	}
	for _, c := range []struct {
		g    Geometry
		want string // names in the published mapper, sorted
	}{{gpt2, "attn_c_proj c_attn c_fc mlp_c_proj"}, {qwen6, "down_proj gate_proj k_proj o_proj q_proj up_proj v_proj"}} {
		var names []string
		for _, m := range c.g.Modules() {
			names = append(names, m.Mapper)
		}
		slices.Sort(names)
		if got := strings.Join(names, " "); got != c.want {
			t.Errorf("%s: %s", c.g.Arch, got)
		}
	}
}
