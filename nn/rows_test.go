package nn

import (
	"math"
	"math/rand/v2"
	"sync/atomic"
	"testing"
)

func near(t *testing.T, what string, i int, got float32, want, tolerance float64) {
	t.Helper()
	if d := math.Abs(float64(got) - want); !(d <= tolerance*(1+math.Abs(want))) {
		t.Fatalf("%s: element %d is %g, want %g", what, i, got, want)
	}
}

var lengths = []int{1, 2, 7, 8, 9, 15, 16, 17, 24, 31, 64, 100, 257, 1000}

func TestVectorOperations(t *testing.T) {
	eachPath(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(1, 1))
		for _, n := range lengths {
			x, y := random(r, n), random(r, n)
			var sum, dot, top float64
			top = math.Inf(-1)
			for i := range x {
				sum += float64(x[i])
				dot += float64(x[i]) * float64(y[i])
				top = max(top, float64(x[i]))
			}
			near(t, "sum", n, Sum(x), sum, 1e-4)
			near(t, "dot", n, Dot(x, y), dot, 1e-4)
			near(t, "max", n, maxOf(x), top, 0)
			z := append([]float32(nil), y...)
			Add(z, 0.3, x)
			for i := range z {
				near(t, "add", i, z[i], float64(y[i])+0.3*float64(x[i]), 1e-6)
			}
			Mul(z, x)
			Scale(z, 2)
			for i := range z {
				near(t, "mul", i, z[i], 2*(float64(y[i])+0.3*float64(x[i]))*float64(x[i]), 1e-6)
			}
		}
	})
}

func TestSoftmax(t *testing.T) {
	eachPath(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(2, 1))
		for _, n := range lengths {
			x := random(r, n)
			for i := range x {
				x[i] *= 20
			}
			want := make([]float64, n)
			var sum float64
			for i, v := range x {
				want[i] = math.Exp(float64(v) - float64(maxOf(x)))
				sum += want[i]
			}
			p := append([]float32(nil), x...)
			Softmax(p)
			for i := range p {
				near(t, "softmax", i, p[i], want[i]/sum, 1e-6)
			}
			// d(Σ w·p)/dx against the Jacobian.
			w := random(r, n)
			d := append([]float32(nil), w...)
			SoftmaxBackward(d, p, 0.5)
			var dot float64
			for i := range p {
				dot += float64(p[i]) * float64(w[i])
			}
			for i := range d {
				near(t, "softmax gradient", i, d[i], 0.5*float64(p[i])*(float64(w[i])-dot), 1e-5)
			}
		}
	})
}

func TestExpExtremes(t *testing.T) {
	eachPath(t, func(t *testing.T) {
		x := []float32{-1e30, -100, -87, -1, 0, 1, 10, 80, -1e30, -100, -87, -1, 0}
		for i, v := range append([]float32(nil), x...) {
			one := append([]float32(nil), x...)
			expSum(one, 0)
			want := math.Exp(float64(v))
			if math.Abs(float64(one[i])-want) > 2e-7*want+1e-37 {
				t.Errorf("exp(%g) = %g, want %g", v, one[i], want)
			}
		}
	})
}

// A NaN must not be clamped away: a diverged training has to show.
func TestNaNPropagates(t *testing.T) {
	eachPath(t, func(t *testing.T) {
		for at := range 11 {
			x := make([]float32, 11)
			x[at] = float32(math.NaN())
			y, slope := make([]float32, 11), make([]float32, 11)
			GELU(y, slope, x)
			Softmax(x)
			if y[at] == y[at] || slope[at] == slope[at] || x[0] == x[0] {
				t.Errorf("NaN at %d is lost: gelu %g, slope %g, softmax %g", at, y[at], slope[at], x[0])
			}
		}
	})
}

func TestGELU(t *testing.T) {
	f := func(x float64) float64 {
		return x / 2 * (1 + math.Tanh(math.Sqrt(2/math.Pi)*(x+0.044715*x*x*x)))
	}
	eachPath(t, func(t *testing.T) {
		var x []float32
		for v := float32(-12); v <= 12; v += 0.0371 {
			x = append(x, v)
		}
		x = append(x, -1e4, 1e4, 0)
		y, slope := make([]float32, len(x)), make([]float32, len(x))
		GELU(y, slope, x)
		for i, v := range x {
			near(t, "gelu", i, y[i], f(float64(v)), 1e-6)
			const h = 1e-4
			if math.Abs(float64(v)) < 100 {
				near(t, "slope", i, slope[i], (f(float64(v)+h)-f(float64(v)-h))/(2*h), 1e-6)
			}
		}
	})
}

func TestLayerNorm(t *testing.T) {
	eachPath(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(4, 1))
		for _, width := range []int{3, 8, 32, 100, 192} {
			const rows = 5
			x, gain, bias, w := random(r, rows*width), random(r, width), random(r, width), random(r, rows*width)
			forward := func(x []float32) []float64 {
				y := make([]float64, len(x))
				for i := range rows {
					var mean, ss float64
					for _, v := range x[i*width : (i+1)*width] {
						mean += float64(v) / float64(width)
					}
					for _, v := range x[i*width : (i+1)*width] {
						ss += (float64(v) - mean) * (float64(v) - mean) / float64(width)
					}
					for j := range width {
						y[i*width+j] = (float64(x[i*width+j])-mean)/math.Sqrt(ss+1e-5)*float64(gain[j]) + float64(bias[j])
					}
				}
				return y
			}
			want := forward(x)
			y, norm, rstd := make([]float32, len(x)), make([]float32, len(x)), make([]float32, rows)
			LayerNorm(y, norm, rstd, x, gain, bias, rows, width, 1e-5)
			for i := range y {
				near(t, "layer norm", i, y[i], want[i], 1e-5)
			}
			objective := func() (s float64) {
				for i, v := range forward(x) {
					s += v * float64(w[i])
				}
				return s
			}
			dx := make([]float32, len(x))
			LayerNormBackward(dx, append([]float32(nil), w...), norm, rstd, gain, rows, width)
			for range 10 {
				i := r.IntN(len(x))
				const h = 1.0 / 1024
				old := x[i]
				x[i] = old + h
				up := objective()
				x[i] = old - h
				down := objective()
				x[i] = old
				near(t, "layer norm gradient", i, dx[i], (up-down)/(2*h), 1e-3)
			}
		}
	})
}

func TestCrossEntropy(t *testing.T) {
	eachPath(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(6, 1))
		const vocab = 101
		targets, weights := []int32{0, 50, 100}, []float32{1, 0.5, 2}
		logits := random(r, 3*vocab)
		grad, losses := append([]float32(nil), logits...), make([]float64, 3)
		CrossEntropy(losses, grad, vocab, targets, weights)
		for row, target := range targets {
			var sum float64
			for _, v := range logits[row*vocab : (row+1)*vocab] {
				sum += math.Exp(float64(v))
			}
			near(t, "loss", row, float32(losses[row]), math.Log(sum)-float64(logits[row*vocab+int(target)]), 1e-5)
			for j := range vocab {
				want := math.Exp(float64(logits[row*vocab+j])) / sum
				if j == int(target) {
					want--
				}
				near(t, "gradient", j, grad[row*vocab+j], want*float64(weights[row]), 1e-6)
			}
		}
	})
}

func TestAdamWFindsAMinimum(t *testing.T) {
	const n = 3000
	x, g := make([]float32, n), make([]float32, n)
	opt := NewAdamW(n, 0)
	for step := range 400 {
		for i := range x {
			g[i] = 2 * (x[i] - float32(i%7))
		}
		opt.Step(x, g, 0.1*float32(400-step)/400, 1)
	}
	for i, v := range x {
		near(t, "minimum", i, v, float64(i%7), 0.01)
	}
	if got := SumSquares([]float32{3, 4}); got != 25 {
		t.Fatalf("sum of squares %g", got)
	}
}

func TestParallelCoversTheRangeOnceAndNests(t *testing.T) {
	for _, n := range []int{0, 1, 2, 3, 17, 1000} {
		seen := make([]atomic.Int32, n)
		Parallel(n, func(lo, hi int) {
			Parallel(hi-lo, func(l, h int) {
				for i := lo + l; i < lo+h; i++ {
					seen[i].Add(1)
				}
			})
		})
		for i := range seen {
			if seen[i].Load() != 1 {
				t.Fatalf("n=%d: element %d visited %d times", n, i, seen[i].Load())
			}
		}
	}
}

// Many callers at once: the pool must neither lose work nor deadlock.
func TestParallelHammer(t *testing.T) {
	done := make(chan int64)
	const callers = 8
	for range callers {
		go func() {
			var total atomic.Int64
			for range 200 {
				Parallel(50, func(lo, hi int) { total.Add(int64(hi - lo)) })
			}
			done <- total.Load()
		}()
	}
	for range callers {
		if got := <-done; got != 200*50 {
			t.Fatalf("%d of %d elements visited", got, 200*50)
		}
	}
}
