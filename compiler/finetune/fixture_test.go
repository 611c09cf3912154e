package finetune

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"

	"paw/arch"
	"paw/gguf"
)

// The shapes of the tests: tiny for gradients, the others for speed.
var (
	tiny = arch.Geometry{Arch: "gpt2", Layers: 3, Width: 64, Heads: 4, FFN: 96, Vocab: 101, Context: 96}
	mini = arch.Geometry{Arch: "gpt2", Layers: 6, Width: 192, Heads: 6, FFN: 768, Vocab: 8192, Context: 512}
	full = arch.Geometry{Arch: "gpt2", Layers: 12, Width: 768, Heads: 12, FFN: 3072, Vocab: 50257, Context: 1024}
)

// randomBase writes a base GGUF with random weights. spread scales the
// matrices: 1 keeps activations of the order of one.
func randomBase(tb testing.TB, g arch.Geometry, matrices gguf.Type, spread float32) []byte {
	tb.Helper()
	r := rand.New(rand.NewPCG(1, 2))
	var outs []gguf.Out
	add := func(name string, t gguf.Type, mean, std float32, dims ...uint64) {
		n := 1
		for _, d := range dims {
			n *= int(d)
		}
		x := make([]float32, n)
		for i := range x {
			x[i] = mean + std*float32(r.NormFloat64())
		}
		outs = append(outs, gguf.Out{Name: name, Dims: dims, Type: t, Data: gguf.Encode(t, nil, x)})
	}
	width := uint64(g.Width)
	add("token_embd.weight", matrices, 0, 0.3*spread, width, uint64(g.Vocab))
	add("position_embd.weight", gguf.F32, 0, 0.1, width, uint64(g.Context))
	norm := func(name string) {
		add(name+".weight", gguf.F32, 1, 0.1, width)
		add(name+".bias", gguf.F32, 0, 0.1, width)
	}
	for i := range g.Layers {
		blk := fmt.Sprintf("blk.%d.", i)
		norm(blk + "attn_norm")
		norm(blk + "ffn_norm")
		for _, info := range g.Modules() {
			add(blk+info.GGUF+".weight", matrices, 0, spread/8, uint64(info.In), uint64(info.Out))
			add(blk+info.GGUF+".bias", gguf.F32, 0, 0.1, uint64(info.Out))
		}
	}
	norm("output_norm")
	kvs := []gguf.KV{
		{Key: "general.architecture", Value: "gpt2"},
		{Key: "gpt2.block_count", Value: uint32(g.Layers)},
		{Key: "gpt2.context_length", Value: uint32(g.Context)},
		{Key: "gpt2.embedding_length", Value: uint32(g.Width)},
		{Key: "gpt2.feed_forward_length", Value: uint32(g.FFN)},
		{Key: "gpt2.attention.head_count", Value: uint32(g.Heads)},
		{Key: "gpt2.attention.layer_norm_epsilon", Value: float32(1e-5)},
	}
	var buf bytes.Buffer
	if err := gguf.Write(&buf, kvs, outs); err != nil {
		tb.Fatal(err)
	}
	return buf.Bytes()
}

func loadRandom(tb testing.TB, g arch.Geometry, matrices gguf.Type, spread float32) *Model {
	tb.Helper()
	data := randomBase(tb, g, matrices, spread)
	m, err := LoadModel(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		tb.Fatal(err)
	}
	return m
}

func randomTokens(r *rand.Rand, vocab, n int) []int32 {
	t := make([]int32, n)
	for i := range t {
		t[i] = int32(r.IntN(vocab))
	}
	return t
}

// randomGroups covers what batches can look like: several groups, cases of
// different lengths and weights, targets from the first token of a case on, an
// empty prefix.
func randomGroups(g arch.Geometry) []Group {
	r := rand.New(rand.NewPCG(3, 4))
	tokens := func(n int) []int32 { return randomTokens(r, g.Vocab, n) }
	return []Group{
		{Prefix: tokens(70), Cases: []Case{
			{Tokens: tokens(9), Targets: 3},
			{Tokens: tokens(2), Targets: 2, Weight: 0.5}, // first target predicted by the prefix
			{Tokens: tokens(1), Targets: 1},
			{Tokens: tokens(14), Targets: 1, Weight: 2},
		}},
		{Prefix: tokens(5), Cases: []Case{{Tokens: tokens(7), Targets: 2}}},
		{Cases: []Case{{Tokens: tokens(8), Targets: 4}, {Tokens: tokens(3), Targets: 1}}},
	}
}

// randomAdapter has A and B of a size that matters.
func randomAdapter(g arch.Geometry, rank int) *Adapter {
	a := NewAdapter(g, rank, 16)
	a.randomise(g, 7)
	r := rand.New(rand.NewPCG(5, 6))
	for _, p := range a.Pairs {
		for i := range p.B {
			p.B[i] = 0.1 * float32(r.NormFloat64())
		}
	}
	return a
}
