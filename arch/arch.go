// Package arch knows the two interpreter architectures, gpt2 and qwen3: geometry from metadata, the
// exact list of tensors with their shapes and types, the pairs of an adapter. Every loader goes
// through it, so that a file with a missing, extra or misshapen tensor is refused in one place.
// It computes nothing.
package arch

import (
	"fmt"
	"slices"

	"paw/gguf"
)

// Geometry of an interpreter.
type Geometry struct {
	Arch                                                        string // "gpt2" or "qwen3"
	Layers, Width, Heads, KVHeads, HeadDim, FFN, Vocab, Context int
	NormEps                                                     float32
	RopeBase                                                    float32 // qwen3
	TiedOutput                                                  bool    // the embedding is also the output matrix
}

// Module names a linear layer inside a block.
type Module int

// The adapted modules.
const (
	AttnQKV Module = iota
	AttnOutput
	FFNUp
	FFNDown
	AttnQ
	AttnK
	AttnV
	FFNGate
)

// ModuleInfo is a module's shape and its names in the three worlds it appears in.
type ModuleInfo struct {
	Module  Module
	GGUF    string // "attn_qkv"
	HF      string // safetensors: "attn.c_attn"
	Mapper  string // the published LoRA mapper: "c_attn"
	In, Out int
}

// Modules of a block in the fixed order of the loaders.
func (g Geometry) Modules() []ModuleInfo {
	if g.Arch == "qwen3" {
		q, kv := g.Heads*g.HeadDim, g.KVHeads*g.HeadDim
		return []ModuleInfo{
			{AttnQ, "attn_q", "self_attn.q_proj", "q_proj", g.Width, q},
			{AttnK, "attn_k", "self_attn.k_proj", "k_proj", g.Width, kv},
			{AttnV, "attn_v", "self_attn.v_proj", "v_proj", g.Width, kv},
			{AttnOutput, "attn_output", "self_attn.o_proj", "o_proj", q, g.Width},
			{FFNGate, "ffn_gate", "mlp.gate_proj", "gate_proj", g.Width, g.FFN},
			{FFNUp, "ffn_up", "mlp.up_proj", "up_proj", g.Width, g.FFN},
			{FFNDown, "ffn_down", "mlp.down_proj", "down_proj", g.FFN, g.Width},
		}
	}
	return []ModuleInfo{
		{AttnQKV, "attn_qkv", "attn.c_attn", "c_attn", g.Width, 3 * g.Width},
		{AttnOutput, "attn_output", "attn.c_proj", "attn_c_proj", g.Width, g.Width},
		{FFNUp, "ffn_up", "mlp.c_fc", "c_fc", g.Width, g.FFN},
		{FFNDown, "ffn_down", "mlp.c_proj", "mlp_c_proj", g.FFN, g.Width},
	}
}

// TensorName is a module's weight in a base GGUF: "blk.3.attn_qkv.weight".
func (g Geometry) TensorName(layer int, m Module) string {
	for _, info := range g.Modules() {
		if info.Module == m {
			return fmt.Sprintf("blk.%d.%s.weight", layer, info.GGUF)
		}
	}
	return ""
}

// TensorSpec is one entry of the allow-list.
type TensorSpec struct {
	Name     string
	Dims     []uint64
	Types    []gguf.Type
	Optional bool
}

var (
	floats  = []gguf.Type{gguf.F32, gguf.F16}
	weights = []gguf.Type{gguf.Q8_0, gguf.F32, gguf.F16, gguf.Q4_0, gguf.Q4_K, gguf.Q6_K}
)

// BaseTensors is the exact list of tensors of a base.
func (g Geometry) BaseTensors() []TensorSpec {
	var out []TensorSpec
	vector := func(name string, n int) {
		out = append(out, TensorSpec{Name: name, Dims: []uint64{uint64(n)}, Types: floats})
	}
	matrix := func(name string, in, rows int, types []gguf.Type) {
		out = append(out, TensorSpec{Name: name, Dims: []uint64{uint64(in), uint64(rows)}, Types: types})
	}
	gpt2 := g.Arch == "gpt2"
	matrix("token_embd.weight", g.Width, g.Vocab, weights)
	if gpt2 {
		matrix("position_embd.weight", g.Width, g.Context, floats)
	}
	for i := range g.Layers {
		p := fmt.Sprintf("blk.%d.", i)
		vector(p+"attn_norm.weight", g.Width)
		vector(p+"ffn_norm.weight", g.Width)
		if gpt2 {
			vector(p+"attn_norm.bias", g.Width)
			vector(p+"ffn_norm.bias", g.Width)
		} else {
			vector(p+"attn_q_norm.weight", g.HeadDim)
			vector(p+"attn_k_norm.weight", g.HeadDim)
		}
		for _, m := range g.Modules() {
			matrix(p+m.GGUF+".weight", m.In, m.Out, weights)
			if gpt2 {
				vector(p+m.GGUF+".bias", m.Out)
			}
		}
	}
	vector("output_norm.weight", g.Width)
	if gpt2 {
		vector("output_norm.bias", g.Width)
	}
	matrix("output.weight", g.Width, g.Vocab, weights)
	out[len(out)-1].Optional = true
	return out
}

// Error says that a file is not what the architecture demands.
type Error struct {
	What string // "base" or "adapter"
	Name string // tensor or key, when one is at fault
	Text string // what is wrong and what to do
}

func (e *Error) Error() string {
	if e.Name == "" {
		return fmt.Sprintf("arch: %s: %s", e.What, e.Text)
	}
	return fmt.Sprintf("arch: %s: %s: %s", e.What, e.Name, e.Text)
}

func fail(what, name, text string, args ...any) error {
	return &Error{what, name, fmt.Sprintf(text, args...)}
}

// Bounds of a geometry. They are far above any real interpreter and keep products inside int64.
const (
	maxLayers, maxWidth, maxFFN = 256, 1 << 14, 1 << 16
	maxContext, maxVocab        = 1 << 16, 1 << 20
)

// FromGGUF reads and checks a base.
func FromGGUF(f *gguf.File) (Geometry, error) {
	g := Geometry{}
	g.Arch, _ = f.String("general.architecture")
	if g.Arch != "gpt2" && g.Arch != "qwen3" {
		return g, fail("base", "general.architecture", "%q: gpt2 and qwen3 interpreters run here", g.Arch)
	}
	if kind, ok := f.String("general.type"); ok && kind != "model" {
		return g, fail("base", "general.type", "%q: this file is no base model", kind)
	}
	var err error
	number := func(key string, most uint64) int {
		v, ok := f.Uint(g.Arch + "." + key)
		if err == nil && (!ok || v < 1 || v > most) {
			err = fail("base", g.Arch+"."+key, "%d: a number from 1 to %d is needed", v, most)
		}
		return int(v)
	}
	g.Layers = number("block_count", maxLayers)
	g.Width = number("embedding_length", maxWidth)
	g.FFN = number("feed_forward_length", maxFFN)
	g.Heads = number("attention.head_count", maxWidth)
	if err != nil {
		return g, err
	}
	if err := g.widths(f, number); err != nil {
		return g, err
	}
	embed, ok := f.Tensor("token_embd.weight")
	if !ok || len(embed.Dims) != 2 || embed.Dims[1] > maxVocab {
		return g, fail("base", "token_embd.weight", "a matrix of up to %d rows is needed", maxVocab)
	}
	g.Vocab = int(embed.Dims[1])
	if g.Arch == "gpt2" { // the rows that are there count, not what the metadata promises
		p, ok := f.Tensor("position_embd.weight")
		if !ok || len(p.Dims) != 2 || p.Dims[1] > maxContext {
			return g, fail("base", "position_embd.weight", "a matrix of up to %d rows is needed", maxContext)
		}
		g.Context = int(p.Dims[1])
	} else if g.Context = number("context_length", 1<<20); err != nil {
		return g, err
	}
	if n, ok := f.Len("tokenizer.ggml.tokens"); ok && n > g.Vocab {
		return g, fail("base", "tokenizer.ggml.tokens", "%d tokens, the embedding has %d rows: convert the model again", n, g.Vocab)
	}
	_, untied := f.Tensor("output.weight")
	g.TiedOutput = !untied
	return g, g.check(f)
}

// widths reads what follows from head counts and the norm.
func (g *Geometry) widths(f *gguf.File, number func(string, uint64) int) error {
	g.KVHeads, g.HeadDim = g.Heads, g.Width/g.Heads
	epsKey := "gpt2.attention.layer_norm_epsilon"
	if g.Arch == "qwen3" {
		epsKey = "qwen3.attention.layer_norm_rms_epsilon"
		g.KVHeads, g.HeadDim = number("attention.head_count_kv", uint64(g.Heads)), number("attention.key_length", 1024)
		if g.KVHeads < 1 || g.Heads%g.KVHeads != 0 || g.HeadDim%4 != 0 || g.Heads*g.HeadDim%32 != 0 {
			return fail("base", "qwen3.attention.head_count_kv", "%d heads of %d share %d: a divisor of the heads, and a width of %d that is a multiple of 32, are needed",
				g.Heads, g.HeadDim, g.KVHeads, g.Heads*g.HeadDim)
		}
		if v, ok := f.Uint("qwen3.attention.value_length"); ok && v != uint64(g.HeadDim) {
			return fail("base", "qwen3.attention.value_length", "%d: keys and values must be equally wide (%d)", v, g.HeadDim)
		}
		base, ok := f.Float("qwen3.rope.freq_base")
		if !ok || !(base > 1 && base < 1e12) {
			return fail("base", "qwen3.rope.freq_base", "%v: a number above 1 is needed", base)
		}
		g.RopeBase = float32(base)
	} else if g.Width%g.Heads != 0 || g.HeadDim%4 != 0 {
		return fail("base", "gpt2.attention.head_count", "%d heads in a width of %d: heads must be equally wide, a multiple of 4", g.Heads, g.Width)
	} else if v, ok := f.Uint("gpt2.attention.head_count_kv"); ok && v != uint64(g.Heads) {
		return fail("base", "gpt2.attention.head_count_kv", "%d: gpt2 has one for each of the %d heads", v, g.Heads)
	}
	eps, ok := f.Float(epsKey)
	if !ok || !(eps > 0 && eps < 1) {
		return fail("base", epsKey, "%v: a number between 0 and 1 is needed", eps)
	}
	g.NormEps = float32(eps)
	if g.Width%32 != 0 || g.FFN%32 != 0 {
		return fail("base", g.Arch+".embedding_length", "widths %d and %d: multiples of 32 are needed", g.Width, g.FFN)
	}
	return nil
}

func (g Geometry) check(f *gguf.File) error {
	allowed := map[string]TensorSpec{}
	for _, s := range g.BaseTensors() {
		allowed[s.Name] = s
		t, ok := f.Tensor(s.Name)
		if !ok {
			if s.Optional {
				continue
			}
			return fail("base", s.Name, "the tensor is missing: convert the model again")
		}
		if err := s.accept("base", t); err != nil {
			return err
		}
	}
	for _, t := range f.Tensors {
		if _, ok := allowed[t.Name]; !ok {
			return fail("base", t.Name, "the tensor does not belong to a %s of %d layers: convert the model again", g.Arch, g.Layers)
		}
	}
	return nil
}

func (s TensorSpec) accept(what string, t gguf.Tensor) error {
	if !slices.Equal(t.Dims, s.Dims) {
		return fail(what, t.Name, "dimensions %v, %v are needed: convert the model again", t.Dims, s.Dims)
	}
	if !slices.Contains(s.Types, t.Type) {
		return fail(what, t.Name, "type %v, one of %v is needed: quantise it again", t.Type, s.Types)
	}
	return nil
}
