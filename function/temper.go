package function

import "math"

// temper raises probabilities to a power and lets them sum to 1 again: what a temperature of 1/power makes of a choice
// between whole labels. Their order stays. It gives the same bits on every host, which the standard library's
// logarithm and exponential, assembly here and Go there, do not.
func temper(p []float64, power float64) {
	top := math.Inf(-1)
	logs := make([]float64, len(p))
	for i, x := range p {
		if logs[i] = math.Inf(-1); x > 0 {
			logs[i] = float64(logarithm(x) * power)
		}
		top = max(top, logs[i])
	}
	if math.IsInf(top, -1) {
		return
	}
	sum := 0.0
	for i, l := range logs {
		p[i] = exponential(l - top)
		sum += p[i]
	}
	for i := range p {
		p[i] /= sum
	}
}

// logarithm of a positive number, to about 1e-13. Products are converted, so that no host fuses them with a sum.
func logarithm(x float64) float64 {
	m, e := math.Frexp(x)
	if m < math.Sqrt2/2 {
		m, e = 2*m, e-1
	}
	s := (m - 1) / (m + 1)
	square := float64(s * s)
	series := 0.0
	for k := 15; k >= 1; k -= 2 {
		series = float64(series*square) + 1/float64(k)
	}
	return float64(float64(e)*math.Ln2) + float64(2*s*series)
}

// exponential of a number that is not positive, to about 1e-14; 0 where that is less than a float64 holds well.
func exponential(x float64) float64 {
	if x < -700 {
		return 0
	}
	n := math.Floor(float64(x/math.Ln2) + 0.5)
	r := x - float64(n*math.Ln2)
	series := 1.0
	for k := 13; k >= 1; k-- {
		series = 1 + float64(r*series)/float64(k)
	}
	return math.Ldexp(series, int(n))
}
