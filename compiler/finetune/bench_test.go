package finetune

import (
	"math/rand/v2"
	"os"
	"runtime"
	"testing"

	"paw/arch"
	"paw/gguf"
	"paw/nn"
)

// BenchmarkStep times one training step: the mini with a prefix of 250 tokens
// and 14 cases of 25; with PAW_BENCH_124M=1 also GPT-2 124M with 512 rows.
func BenchmarkStep(b *testing.B) {
	for _, s := range []struct {
		name                string
		geo                 arch.Geometry
		rank, prefix, cases int
	}{
		{"mini4", withLayers(mini, 4), 32, 250, 14},
		{"mini6", mini, 32, 250, 14},
		{"124M", full, 64, 262, 10},
	} {
		b.Run(s.name+"/"+nn.CPU(), func(b *testing.B) {
			if s.geo.Width == full.Width && os.Getenv("PAW_BENCH_124M") == "" {
				b.Skip("set PAW_BENCH_124M=1")
			}
			m := loadRandom(b, s.geo, gguf.Q8_0, 0.1)
			r := rand.New(rand.NewPCG(1, 1))
			g := Group{Prefix: randomTokens(r, s.geo.Vocab, s.prefix)}
			for range s.cases {
				g.Cases = append(g.Cases, Case{Tokens: randomTokens(r, s.geo.Vocab, 26), Targets: 3})
			}
			a := NewAdapter(s.geo, s.rank, 16)
			opt := Options{}
			if err := opt.setDefaults(); err != nil {
				b.Fatal(err)
			}
			opt.Rank, opt.Steps = s.rank, 1000
			t := m.newTrainer([]Group{g}, opt, a)
			a.randomise(s.geo, 1)
			step := 1
			for b.Loop() {
				if _, err := t.step(b.Context(), step); err != nil {
					b.Fatal(err)
				}
				step++
			}
			var mem runtime.MemStats
			runtime.ReadMemStats(&mem)
			b.ReportMetric(float64(mem.HeapSys-mem.HeapReleased)/1e6, "MB-heap")
			b.ReportMetric(b.Elapsed().Seconds()/float64(b.N), "s/step")
			b.Logf("workspace %.0f MB", float64(len(t.ws.arena.data))*4/1e6)
		})
	}
}

func withLayers(g arch.Geometry, n int) arch.Geometry {
	g.Layers = n
	return g
}
