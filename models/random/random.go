// Package random writes GPT-2 bases and adapters with random weights: real geometry, real files,
// no meaning. Speed, memory and parity are measured on them. It trains and runs nothing.
package random

import (
	"fmt"
	"io"
	"math/rand/v2"

	"paw/arch"
	"paw/gguf"
	"paw/tokenizer"
)

// deviation of random weights, biases and positions; gains are 1 ± deviation.
const deviation = 0.02

// GPT2Small is the geometry of GPT-2 124M.
func GPT2Small() arch.Geometry {
	return arch.Geometry{Arch: "gpt2", Layers: 12, Width: 768, Heads: 12, KVHeads: 12, HeadDim: 64, FFN: 3072,
		Vocab: 50257, Context: 1024, NormEps: 1e-5, TiedOutput: true}
}

// Options of a random base.
type Options struct {
	Seed      uint64
	Type      gguf.Type // of the matrices; 0 (F32) is allowed
	Deviation float64   // 0: 0.02, as GPT-2 is initialised
}

// Base writes a gpt2 GGUF of geometry g with t's vocabulary. The vocabulary of g may be larger.
func Base(w io.Writer, g arch.Geometry, t *tokenizer.Tokenizer, o Options) error {
	if o.Deviation == 0 {
		o.Deviation = deviation
	}
	kvs := []gguf.KV{
		{Key: "general.architecture", Value: "gpt2"},
		{Key: "general.type", Value: "model"},
		{Key: "general.name", Value: "random gpt2"},
		{Key: "gpt2.block_count", Value: uint32(g.Layers)},
		{Key: "gpt2.context_length", Value: uint32(g.Context)},
		{Key: "gpt2.embedding_length", Value: uint32(g.Width)},
		{Key: "gpt2.feed_forward_length", Value: uint32(g.FFN)},
		{Key: "gpt2.attention.head_count", Value: uint32(g.Heads)},
		{Key: "gpt2.attention.layer_norm_epsilon", Value: g.NormEps},
		{Key: "general.quantization_version", Value: uint32(2)},
	}
	kvs = append(kvs, t.KVs()...)
	r := rand.New(rand.NewPCG(o.Seed, 7))
	var out []gguf.Out
	matrix := func(name string, in, rows int) {
		d := gguf.Encode(o.Type, nil, normal(r, in*rows, o.Deviation, 0))
		out = append(out, gguf.Out{Name: name, Dims: []uint64{uint64(in), uint64(rows)}, Type: o.Type, Data: d})
	}
	vector := func(name string, n int, mean float64) {
		d := gguf.Encode(gguf.F32, nil, normal(r, n, o.Deviation, mean))
		out = append(out, gguf.Out{Name: name, Dims: []uint64{uint64(n)}, Type: gguf.F32, Data: d})
	}
	matrix("token_embd.weight", g.Width, g.Vocab)
	out = append(out, gguf.Out{Name: "position_embd.weight", Dims: []uint64{uint64(g.Width), uint64(g.Context)}, Type: gguf.F32,
		Data: gguf.Encode(gguf.F32, nil, normal(r, g.Width*g.Context, o.Deviation, 0))})
	for i := range g.Layers {
		p := fmt.Sprintf("blk.%d.", i)
		vector(p+"attn_norm.weight", g.Width, 1)
		vector(p+"attn_norm.bias", g.Width, 0)
		vector(p+"ffn_norm.weight", g.Width, 1)
		vector(p+"ffn_norm.bias", g.Width, 0)
		for _, m := range g.Modules() {
			matrix(p+m.GGUF+".weight", m.In, m.Out)
			vector(p+m.GGUF+".bias", m.Out, 0)
		}
	}
	vector("output_norm.weight", g.Width, 1)
	vector("output_norm.bias", g.Width, 0)
	if !g.TiedOutput {
		matrix("output.weight", g.Width, g.Vocab)
	}
	return gguf.Write(w, kvs, out)
}

// Adapter writes a rank-r adapter for g with every pair, Q4_0, alpha 16.
func Adapter(w io.Writer, g arch.Geometry, rank int, seed uint64) error {
	r := rand.New(rand.NewPCG(seed, 11))
	var out []gguf.Out
	for i := range g.Layers {
		for _, m := range g.Modules() {
			name := g.TensorName(i, m.Module)
			for _, x := range []struct {
				suffix   string
				in, rows int
			}{{".lora_a", m.In, rank}, {".lora_b", rank, m.Out}} {
				d := gguf.Encode(gguf.Q4_0, nil, normal(r, x.in*x.rows, 0.05, 0))
				out = append(out, gguf.Out{Name: name + x.suffix, Dims: []uint64{uint64(x.in), uint64(x.rows)}, Type: gguf.Q4_0, Data: d})
			}
		}
	}
	return gguf.Write(w, arch.AdapterKVs(g, 16, "random adapter"), out)
}

func normal(r *rand.Rand, n int, deviation, mean float64) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(r.NormFloat64()*deviation + mean)
	}
	return x
}
