package nn

import (
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"
)

// eachPath runs f on every path.
func eachPath(t *testing.T, f func(t *testing.T)) {
	before := CPU()
	defer selectCPU(before)
	for _, path := range []string{pathPortable, pathAVX2, pathAVX512} {
		selectCPU(path)
		if CPU() != path {
			t.Logf("%s is not available here", path)
			continue
		}
		t.Run(path, f)
	}
}

func random(r *rand.Rand, n int) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(r.NormFloat64())
	}
	return x
}

// product is the definition, in float64.
func product(transA, transB bool, m, n, k int, alpha float32, a []float32, lda int, b []float32, ldb int, c []float32, ldc int) []float64 {
	at := func(x []float32, trans bool, i, j, ld int) float64 {
		if trans {
			i, j = j, i
		}
		return float64(x[i*ld+j])
	}
	out := make([]float64, m*n)
	for i := range m {
		for j := range n {
			var s float64
			for p := range k {
				s += at(a, transA, i, p, lda) * at(b, transB, p, j, ldb)
			}
			out[i*n+j] = float64(c[i*ldc+j]) + float64(alpha)*s
		}
	}
	return out
}

type shape struct{ m, n, k int }

func oddShapes(r *rand.Rand) []shape {
	shapes := []shape{{1, 1, 1}, {6, 16, 1}, {7, 17, 3}, {5, 15, 300}, {12, 32, 256}, {13, 33, 257}, {64, 64, 64}, {121, 16, 70}, {125, 50, 513}, {3, 400, 32}, {250, 32, 192}, {32, 192, 611}, {150, 150, 150}}
	for range 60 {
		shapes = append(shapes, shape{1 + r.IntN(70), 1 + r.IntN(70), 1 + r.IntN(300)})
	}
	return shapes
}

func TestGemmMatchesDefinition(t *testing.T) {
	eachPath(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(1, 2))
		for _, s := range oddShapes(r) {
			for variant := range 4 {
				transA, transB := variant&1 != 0, variant&2 != 0
				lda, ldb, ldc := s.k, s.n, s.n+r.IntN(5)
				rowsA, rowsB := s.m, s.k
				if transA {
					lda, rowsA = s.m, s.k
				}
				if transB {
					ldb, rowsB = s.k, s.n
				}
				lda, ldb = lda+r.IntN(5), ldb+r.IntN(5)
				// Exactly as long as needed: a read past the end would be seen
				// by checkMatrix's caller, the race detector or a fault.
				a := random(r, rowsA*lda)
				b := random(r, rowsB*ldb)
				c := random(r, s.m*ldc)
				want := product(transA, transB, s.m, s.n, s.k, 0.5, a, lda, b, ldb, c, ldc)
				name := fmt.Sprintf("%v transA=%v transB=%v", s, transA, transB)
				for _, how := range []string{"parallel", "serial", "packed"} {
					got := append([]float32(nil), c...)
					switch how {
					case "parallel":
						Gemm(transA, transB, s.m, s.n, s.k, 0.5, a, lda, b, ldb, got, ldc)
					case "serial":
						GemmSerial(transA, transB, s.m, s.n, s.k, 0.5, a, lda, b, ldb, got, ldc)
					case "packed":
						GemmPacked(transA, s.m, 0.5, a, lda, PackB(transB, s.k, s.n, b, ldb), got, ldc)
					}
					checkProduct(t, name+" "+how, got, want, c, s, ldc)
				}
			}
		}
	})
}

func checkProduct(t *testing.T, name string, got []float32, want []float64, before []float32, s shape, ldc int) {
	t.Helper()
	tolerance := 2e-6 * math.Sqrt(float64(s.k)) * 4
	for i := range s.m {
		for j := range ldc {
			v := got[i*ldc+j]
			if j >= s.n {
				if v != before[i*ldc+j] {
					t.Fatalf("%s: wrote outside the result at (%d, %d)", name, i, j)
				}
				continue
			}
			if d := math.Abs(float64(v) - want[i*s.n+j]); !(d <= tolerance+1e-6*math.Abs(want[i*s.n+j])) {
				t.Fatalf("%s: (%d, %d) = %g, want %g", name, i, j, v, want[i*s.n+j])
			}
		}
	}
}

func TestGemmIsTheSameForAnyNumberOfGoroutines(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	const m, n, k = 301, 213, 517
	a, b := random(r, m*k), random(r, k*n)
	run := func(procs int) []float32 {
		defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(procs))
		c := make([]float32, m*n)
		Gemm(false, false, m, n, k, 1, a, k, b, n, c, n)
		return c
	}
	one, four := run(1), run(4)
	for i := range one {
		if one[i] != four[i] {
			t.Fatalf("element %d: %g on one goroutine, %g on four", i, one[i], four[i])
		}
	}
}

func TestGemmRefusesShortSlices(t *testing.T) {
	x := make([]float32, 100)
	for name, f := range map[string]func(){
		"A":    func() { Gemm(false, false, 10, 10, 11, 1, x, 11, make([]float32, 110), 10, x, 10) },
		"B":    func() { Gemm(false, false, 10, 10, 10, 1, x, 10, x[:99], 10, x, 10) },
		"C":    func() { Gemm(false, false, 10, 10, 10, 1, x, 10, x, 10, x[:99], 10) },
		"ldc":  func() { Gemm(false, false, 10, 10, 10, 1, x, 10, x, 10, x, 9) },
		"pack": func() { PackB(true, 11, 10, x, 11) },
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Fatal("no panic")
				}
			}()
			f()
		})
	}
}

func TestGemmDoesNotAllocate(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	const m, n, k = 100, 100, 100
	a, b, c := random(r, m*k), random(r, k*n), make([]float32, m*n)
	p := PackB(false, k, n, b, n)
	got := testing.AllocsPerRun(50, func() {
		Gemm(true, true, m, n, k, 1, a, m, b, k, c, n)
		GemmPacked(false, m, 1, a, k, p, c, n)
	})
	// The collector may empty the pools now and then; the average stays below 1.
	if got >= 1 && !raceEnabled {
		t.Fatalf("%.1f allocations per call", got)
	}
}

// A program is the same on a processor with AVX-512 and on one without.
func TestGemmAVX512GivesTheBitsOfAVX2(t *testing.T) {
	before := CPU()
	defer selectCPU(before)
	if selectCPU(pathAVX512); CPU() != pathAVX512 {
		t.Skip("no AVX-512 here")
	}
	r := rand.New(rand.NewPCG(9, 10))
	for _, s := range oddShapes(r) {
		for _, transA := range []bool{false, true} {
			lda := s.k
			if transA {
				lda = s.m
			}
			a, b, c := random(r, s.m*s.k), random(r, s.k*s.n), random(r, s.m*s.n)
			d := slices.Clone(c)
			selectCPU(pathAVX512)
			Gemm(transA, false, s.m, s.n, s.k, 0.7, a, lda, b, s.n, c, s.n)
			selectCPU(pathAVX2)
			Gemm(transA, false, s.m, s.n, s.k, 0.7, a, lda, b, s.n, d, s.n)
			if !slices.Equal(c, d) {
				t.Errorf("%v, A transposed %t: other bits", s, transA)
			}
		}
	}
}

func BenchmarkGemm(b *testing.B) {
	r := rand.New(rand.NewPCG(7, 8))
	before := CPU()
	defer selectCPU(before)
	for _, path := range []string{pathPortable, pathAVX2, pathAVX512} {
		for _, s := range []struct {
			name    string
			m, n, k int
		}{{"124M", 512, 3072, 768}, {"mini", 600, 768, 192}, {"loraA", 600, 32, 192}, {"loraB", 600, 768, 32}} {
			b.Run(path+"/"+s.name, func(b *testing.B) {
				selectCPU(path)
				if CPU() != path {
					b.Skip("not available here")
				}
				x, y, c := random(r, s.m*s.k), random(r, s.k*s.n), make([]float32, s.m*s.n)
				p := PackB(false, s.k, s.n, y, s.n)
				for b.Loop() {
					GemmPacked(false, s.m, 1, x, s.k, p, c, s.n)
				}
				flops := 2 * float64(s.m) * float64(s.n) * float64(s.k) * float64(b.N)
				b.ReportMetric(flops/b.Elapsed().Seconds()/1e9, "GFLOP/s")
			})
		}
	}
}
