package simd

import (
	"testing"

	"paw/gguf"
	"paw/models/random"
)

// The GPT-2 124M geometry with an adapter under wazero, one thread. tok/s is what to compare.
func BenchmarkGPT2Small(b *testing.B) {
	if testing.Short() {
		b.Skip("137 MB of random weights")
	}
	g := random.GPT2Small()
	m := randomModel(b, g, random.Options{Seed: 1, Type: gguf.Q8_0}, 64)
	e := loadSIMD(b, m.base)
	a, err := e.Attach(b.Context(), m.adapters[0])
	if err != nil {
		b.Fatal(err)
	}
	tokens := make([]int32, 250)
	for i := range tokens {
		tokens[i] = int32(100 + i*37%5000)
	}
	p, err := e.NewPrefix(b.Context(), a, tokens)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("prefill 256", func(b *testing.B) {
		for b.Loop() {
			p, err := e.NewPrefix(b.Context(), a, append(tokens, 1, 2, 3, 4, 5, 6))
			if err != nil {
				b.Fatal(err)
			}
			p.Close()
		}
		b.ReportMetric(256*float64(b.N)/b.Elapsed().Seconds(), "tok/s")
	})
	b.Run("decode after 250", func(b *testing.B) {
		s, err := e.NewSession(b.Context(), p, 32)
		if err != nil {
			b.Fatal(err)
		}
		defer s.Close()
		for b.Loop() {
			if s.Len() == 282 {
				if err := s.Truncate(250); err != nil {
					b.Fatal(err)
				}
			}
			if err := s.Prefill(b.Context(), tokens[:1]); err != nil {
				b.Fatal(err)
			}
			if _, err := s.Top(b.Context(), 1); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "tok/s")
	})
	b.Run("call 20 new, 2 labels", func(b *testing.B) {
		for b.Loop() {
			s, err := e.NewSession(b.Context(), p, 21)
			if err != nil {
				b.Fatal(err)
			}
			if err := s.Prefill(b.Context(), tokens[:20]); err != nil {
				b.Fatal(err)
			}
			if _, err := s.Score(b.Context(), []int32{7, 9}); err != nil {
				b.Fatal(err)
			}
			s.Close()
		}
	})
}
