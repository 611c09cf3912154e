package simd

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sort"
	"testing"

	"paw/arch"
	"paw/engine"
	"paw/engine/reference"
	"paw/gguf"
	"paw/models/random"
	"paw/tokenizer"
)

// bytesVocabulary is the 256 bytes and an end-of-text token.
func bytesVocabulary(t testing.TB) *tokenizer.Tokenizer {
	t.Helper()
	tok, err := random.Tokenizer(false)
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

type model struct {
	geometry arch.Geometry
	base     *bytes.Reader
	adapters []*bytes.Reader
}

func randomModel(t testing.TB, g arch.Geometry, o random.Options, rank int) model {
	t.Helper()
	var b bytes.Buffer
	if err := random.Base(&b, g, bytesVocabulary(t), o); err != nil {
		t.Fatal(err)
	}
	m := model{geometry: g, base: bytes.NewReader(b.Bytes())}
	for i := range 2 {
		var a bytes.Buffer
		if err := random.Adapter(&a, g, rank, o.Seed+uint64(i)); err != nil {
			t.Fatal(err)
		}
		m.adapters = append(m.adapters, bytes.NewReader(a.Bytes()))
	}
	return m
}

func loadSIMD(t testing.TB, src engine.Source) *Engine {
	t.Helper()
	host, err := NewWazeroHost(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	e, err := Load(t.Context(), host, src, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	return e
}

func loadReference(t *testing.T, src engine.Source, quantize bool) *reference.Engine {
	t.Helper()
	e, err := reference.Load(src)
	if err != nil {
		t.Fatal(err)
	}
	e.Quantize = quantize
	return e
}

// forced feeds tokens one by one behind a prefix and returns the log-probabilities after each.
func forced(t *testing.T, e engine.Engine, a engine.Source, prefix, tokens []int32) [][]float32 {
	t.Helper()
	ctx := context.Background()
	var adapter engine.Adapter
	if a != nil {
		var err error
		if adapter, err = e.Attach(ctx, a); err != nil {
			t.Fatal(err)
		}
		defer adapter.Close()
	}
	p, err := e.NewPrefix(ctx, adapter, prefix)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	s, err := e.NewSession(ctx, p, len(tokens))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var out [][]float32
	for i := range tokens {
		if err := s.Prefill(ctx, tokens[i:i+1]); err != nil {
			t.Fatal(err)
		}
		lp := make([]float32, e.Geometry().Vocab)
		if err := s.LogProbs(ctx, lp); err != nil {
			t.Fatal(err)
		}
		out = append(out, lp)
	}
	return out
}

func randomTokens(r *rand.Rand, n, vocab int) []int32 {
	out := make([]int32, n)
	for i := range out {
		out[i] = r.Int32N(int32(vocab))
	}
	return out
}

func order(lp []float32) []int {
	ids := make([]int, len(lp))
	for i := range ids {
		ids[i] = i
	}
	sort.SliceStable(ids, func(i, j int) bool { return lp[ids[i]] > lp[ids[j]] })
	return ids
}

// geometries covers odd sizes: one layer to twelve, head widths 4 to 64, ranks above the width.
func geometries() []arch.Geometry {
	mk := func(layers, width, heads, ffn, vocab, context int, tied bool) arch.Geometry {
		return arch.Geometry{Arch: "gpt2", Layers: layers, Width: width, Heads: heads, KVHeads: heads, HeadDim: width / heads,
			FFN: ffn, Vocab: vocab, Context: context, NormEps: 1e-5, TiedOutput: tied}
	}
	return []arch.Geometry{
		mk(1, 64, 1, 256, 259, 64, true),
		mk(2, 64, 16, 96, 300, 128, true),
		mk(3, 96, 8, 384, 1001, 200, false),
		mk(4, 192, 6, 768, 8191, 512, true),
		mk(12, 128, 4, 512, 513, 1024, true),
		mk(2, 160, 2, 640, 777, 96, false),
		mk(2, 768, 12, 3072, 1031, 256, true),
	}
}

func TestKernelAgreesWithOracle(t *testing.T) {
	for i, g := range geometries() {
		t.Run(fmt.Sprintf("%d layers, width %d, vocabulary %d", g.Layers, g.Width, g.Vocab), func(t *testing.T) {
			t.Parallel()
			m := randomModel(t, g, random.Options{Seed: uint64(i), Type: gguf.Q8_0}, 32+32*(i%2))
			r := rand.New(rand.NewPCG(uint64(i), 3))
			prefix, tokens := randomTokens(r, 1+g.Context/4, g.Vocab), randomTokens(r, 24, g.Vocab)
			kernel := loadSIMD(t, m.base)
			for _, a := range []engine.Source{nil, m.adapters[0]} {
				got := forced(t, kernel, a, prefix, tokens)
				compareQuantized(t, got, forced(t, loadReference(t, m.base, true), a, prefix, tokens))
				comparePlain(t, got, forced(t, loadReference(t, m.base, false), a, prefix, tokens))
			}
		})
	}
}

// compareQuantized: the oracle rounds as the kernel does, so only float order differs.
func compareQuantized(t *testing.T, got, want [][]float32) {
	t.Helper()
	worst := 0.0
	for i := range want {
		for _, id := range order(want[i])[:20] {
			worst = max(worst, math.Abs(float64(got[i][id]-want[i][id])))
		}
	}
	if worst > 5e-3 {
		t.Errorf("log-probabilities differ by up to %.2g from the quantising oracle at top 20, want at most 5e-3", worst)
	}
	t.Logf("quantising oracle: worst difference %.2g", worst)
}

func comparePlain(t *testing.T, got, want [][]float32) {
	t.Helper()
	var sum, worst float64
	n, clear, same := 0, 0, 0
	for i := range want {
		ids := order(want[i])
		for _, id := range ids[:20] {
			d := math.Abs(float64(got[i][id] - want[i][id]))
			sum, worst, n = sum+d, max(worst, d), n+1
		}
		if want[i][ids[0]]-want[i][ids[1]] > 0.05 {
			clear++
			if order(got[i])[0] == ids[0] {
				same++
			}
		}
	}
	if mean := sum / float64(n); mean > 0.02 || worst > 0.1 {
		t.Errorf("log-probabilities differ by %.3f on average and %.3f at most from plain float32, want 0.02 and 0.1", mean, worst)
	}
	if float64(same) < 0.99*float64(clear) {
		t.Errorf("same top token in %d of %d clear cases, want 99 %%", same, clear)
	}
	t.Logf("plain float32: mean %.2g, worst %.2g, top token %d/%d", sum/float64(n), worst, same, clear)
}

func TestAdaptersDoNotDisturbEachOther(t *testing.T) {
	g := geometries()[3]
	m := randomModel(t, g, random.Options{Seed: 5, Type: gguf.Q8_0}, 32)
	e := loadSIMD(t, m.base)
	r := rand.New(rand.NewPCG(1, 1))
	prefix, tokens := randomTokens(r, 70, g.Vocab), randomTokens(r, 9, g.Vocab)
	first := forced(t, e, m.adapters[0], prefix, tokens)
	other := forced(t, e, m.adapters[1], prefix, tokens)
	again := forced(t, e, m.adapters[0], prefix, tokens)
	for i := range first {
		if !slices.Equal(first[i], again[i]) {
			t.Fatalf("step %d: A→B→A changed the answer of A", i)
		}
		if slices.Equal(first[i], other[i]) {
			t.Fatalf("step %d: adapters A and B give the same answer", i)
		}
	}
}

func TestPrefixReuseAndChunkingChangeNothing(t *testing.T) {
	g := geometries()[3]
	m := randomModel(t, g, random.Options{Seed: 6, Type: gguf.Q8_0}, 32)
	e := loadSIMD(t, m.base)
	a, err := e.Attach(t.Context(), m.adapters[0])
	if err != nil {
		t.Fatal(err)
	}
	tokens := randomTokens(rand.New(rand.NewPCG(2, 2)), 131, g.Vocab)
	var want []float32
	for _, cut := range []int{0, 1, 31, 32, 33, 64, 100, 130} {
		p, err := e.NewPrefix(t.Context(), a, tokens[:cut])
		if err != nil {
			t.Fatal(err)
		}
		s, err := e.NewSession(t.Context(), p, len(tokens)-cut)
		if err != nil {
			t.Fatal(err)
		}
		rest := tokens[cut:]
		for n := 1 + cut%7; len(rest) > 0; n = 2*n + 1 { // pieces of many sizes
			n = min(n, len(rest))
			if err := s.Prefill(t.Context(), rest[:n]); err != nil {
				t.Fatal(err)
			}
			rest = rest[n:]
		}
		got := make([]float32, g.Vocab)
		if err := s.LogProbs(t.Context(), got); err != nil {
			t.Fatal(err)
		}
		if want == nil {
			want = got
		} else if !slices.Equal(got, want) {
			t.Errorf("prefix of %d tokens: other log-probabilities than without a prefix", cut)
		}
		s.Close()
		p.Close()
	}
}
