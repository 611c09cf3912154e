package nn

import "math"

// AdamW is the optimiser: Adam with decoupled weight decay. The two moments
// start at zero and have the length of the parameters.
type AdamW struct {
	Beta1, Beta2, Eps, Decay float32
	mean, square             []float32
	step                     int
}

// NewAdamW has the usual constants (0.9, 0.999, 1e-8) for n parameters.
func NewAdamW(n int, decay float32) *AdamW {
	return &AdamW{Beta1: 0.9, Beta2: 0.999, Eps: 1e-8, Decay: decay,
		mean: make([]float32, n), square: make([]float32, n)}
}

// Step moves param against grad·scale at the given rate.
func (o *AdamW) Step(param, grad []float32, rate, scale float32) {
	o.step++
	t := float64(o.step)
	c1 := float32(1 / (1 - math.Pow(float64(o.Beta1), t)))
	c2 := float32(1 / (1 - math.Pow(float64(o.Beta2), t)))
	const piece = 1024
	Parallel((len(param)+piece-1)/piece, func(lo, hi int) {
		lo, hi = lo*piece, min(hi*piece, len(param))
		p, g := param[lo:hi], grad[lo:hi]
		m, v := o.mean[lo:hi], o.square[lo:hi]
		for i := range p {
			x := g[i] * scale
			m[i] += (1 - o.Beta1) * (x - m[i])
			v[i] += (1 - o.Beta2) * (x*x - v[i])
			p[i] -= rate * (c1*m[i]/(float32(math.Sqrt(float64(c2*v[i])))+o.Eps) + o.Decay*p[i])
		}
	})
}

// SumSquares is Σ x² in float64, added in one fixed order.
func SumSquares(x []float32) float64 {
	const piece = 4096
	sums := make([]float64, (len(x)+piece-1)/piece)
	Parallel(len(sums), func(lo, hi int) {
		for i := lo; i < hi; i++ {
			part := x[i*piece : min((i+1)*piece, len(x))]
			sums[i] = float64(Dot(part, part))
		}
	})
	var total float64
	for _, s := range sums {
		total += s
	}
	return total
}
