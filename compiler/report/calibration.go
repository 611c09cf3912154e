package report

import "math"

// Wilson returns the 95 % score interval for a share of hits among n: unlike
// hits/n ± something it stays within 0 and 1 and is honest for small n.
func Wilson(hits, n int) (lo, hi float64) {
	if n <= 0 {
		return 0, 1
	}
	const z = 1.959963984540054
	p, m := float64(hits)/float64(n), float64(n)
	mid := p + z*z/(2*m)
	half := z * math.Sqrt(p*(1-p)/m+z*z/(4*m*m))
	lo, hi = (mid-half)/(1+z*z/m), (mid+half)/(1+z*z/m)
	if hits == 0 {
		lo = 0
	}
	if hits == n {
		hi = 1
	}
	return max(lo, 0), min(hi, 1)
}

// Scored is one case with the probability of every label and the right one
// (-1: the right answer is no label).
type Scored struct {
	Probs []float64
	Want  int
}

// Rescale applies a temperature to probabilities: above 1 they come closer to
// each other, below 1 they move apart. The order never changes.
func Rescale(probs []float64, temperature float64) []float64 {
	out := make([]float64, len(probs))
	top := math.Inf(-1)
	for i, p := range probs {
		out[i] = math.Log(max(p, tiny)) / temperature
		top = max(top, out[i])
	}
	sum := 0.0
	for i := range out {
		out[i] = math.Exp(out[i] - top)
		sum += out[i]
	}
	for i := range out {
		out[i] /= sum
	}
	return out
}

// tiny keeps the logarithm of an impossible label finite.
const tiny = 1e-12

// Temperatures beyond these are never believed.
const (
	minTemperature = 0.25
	maxTemperature = 8
)

// FitTemperature finds the temperature under which the right labels are most
// probable, by search over its logarithm. A weak pull towards the usual one, that
// of other programs (1 where none is known), keeps a handful of right answers from
// meaning certainty. Too few cases give the usual one.
func FitTemperature(cases []Scored, usual float64) float64 {
	if len(cases) < EnoughCases {
		return usual
	}
	return fit(cases, usual)
}

func fit(cases []Scored, usual float64) float64 {
	loss := func(logT float64) float64 {
		away := logT - math.Log(usual)
		return negLogLikelihood(cases, math.Exp(logT)) + float64(away*away)
	}
	lo, hi := math.Log(minTemperature), math.Log(maxTemperature)
	// A coarse grid finds the valley, golden sections its floor.
	const steps = 32
	best, at := math.Inf(1), 0.0
	for i := range steps + 1 {
		x := lo + (hi-lo)*float64(i)/steps
		if l := loss(x); l < best {
			best, at = l, x
		}
	}
	a, b := max(lo, at-(hi-lo)/steps), min(hi, at+(hi-lo)/steps)
	const golden = 0.6180339887498949
	for range 30 {
		x, y := b-golden*(b-a), a+golden*(b-a)
		if loss(x) < loss(y) {
			b = y
		} else {
			a = x
		}
	}
	// Rounded, so that the last bits of a sum do not reach a file.
	return math.Round(math.Exp((a+b)/2)*1e4) / 1e4
}

func negLogLikelihood(cases []Scored, temperature float64) float64 {
	sum := 0.0
	for _, c := range cases {
		if c.Want >= 0 && c.Want < len(c.Probs) {
			sum -= math.Log(max(Rescale(c.Probs, temperature)[c.Want], tiny))
		}
	}
	return sum
}

// Bins of the expected calibration error.
const Bins = 10

// ECE is the expected calibration error: answers are put into ten bins by their
// confidence, and the gap between mean confidence and accuracy of a bin is
// weighted by its size.
func ECE(confidence []float64, hit []bool) float64 {
	var sum, hits [Bins]float64
	for i, c := range confidence {
		b := min(max(int(c*Bins), 0), Bins-1)
		sum[b] += c
		if hit[i] {
			hits[b]++
		}
	}
	gap := 0.0
	for b := range sum {
		gap += math.Abs(sum[b] - hits[b])
	}
	if len(confidence) == 0 {
		return 0
	}
	return gap / float64(len(confidence))
}

// HeldOutECE measures the calibration error where it counts: the confidence of a
// case comes from a temperature fitted on the other cases (five folds), however few
// those are. usual is as in FitTemperature.
func HeldOutECE(cases []Scored, usual float64) float64 {
	confidence, hit := make([]float64, len(cases)), make([]bool, len(cases))
	for _, held := range Folds(len(cases), 5, 1, nil) {
		t := fit(Without(cases, held), usual)
		for _, i := range held {
			top := 0
			probs := Rescale(cases[i].Probs, t)
			for j, p := range probs {
				if p > probs[top] {
					top = j
				}
			}
			confidence[i], hit[i] = probs[top], top == cases[i].Want
		}
	}
	return ECE(confidence, hit)
}
