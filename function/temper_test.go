package function

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"paw/pawfile"
)

func TestTemperAgreesWithMath(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		p := make([]float64, 1+r.IntN(9))
		for i := range p {
			p[i] = math.Pow(r.Float64(), float64(1+r.IntN(40)))
		}
		power := math.Exp(4*r.Float64() - 2)
		want, sum := make([]float64, len(p)), 0.0
		for i, x := range p {
			want[i] = math.Pow(x/slices.Max(p), power)
			sum += want[i]
		}
		got := slices.Clone(p)
		temper(got, power)
		for i := range want {
			if d := math.Abs(got[i] - want[i]/sum); d > 1e-12 {
				t.Fatalf("%v to the power of %v: %v, want %v", p, power, got[i], want[i]/sum)
			}
		}
	}
}

func TestTemperAtTheEdges(t *testing.T) {
	for name, c := range map[string]struct{ p, want []float64 }{
		"an impossible label":   {[]float64{0, 1}, []float64{0, 1}},
		"nothing":               {nil, nil},
		"all impossible":        {[]float64{0, 0}, []float64{0, 0}},
		"the smallest there is": {[]float64{math.SmallestNonzeroFloat64, math.SmallestNonzeroFloat64}, []float64{0.5, 0.5}},
	} {
		if temper(c.p, 0.3); !slices.Equal(c.p, c.want) {
			t.Errorf("%s: %v, want %v", name, c.p, c.want)
		}
	}
}

// A temperature says how sure an answer is and never which: also where labels share their first tokens.
func TestTemperatureKeepsTheOrder(t *testing.T) {
	fx := newFixture(t, 256, true)
	e := fx.simd(t)
	p := fx.program(1, "order status", "order cancel", "order", "billing", "bug")
	order := func(a Answer) []int {
		at := []int{0, 1, 2, 3, 4}
		slices.SortStableFunc(at, func(i, j int) int {
			return int(math.Copysign(1, a.Probabilities[j].Probability-a.Probabilities[i].Probability))
		})
		return at
	}
	for _, input := range []string{"x", "where is it?", "it broke again", "please stop", "17"} {
		p.Meta.Calibration = nil
		plain := call(t, openFunction(t, e, p, Options{}), input, Call{})
		for _, temperature := range []float32{0.3, 3.39, 8} {
			p.Meta.Calibration = &pawfile.Calibration{Temperature: temperature}
			a := call(t, openFunction(t, e, p, Options{}), input, Call{})
			if a.Label != plain.Label || !slices.Equal(order(a), order(plain)) {
				t.Errorf("%s at %v: %v, at 1 %v", input, temperature, a.Probabilities, plain.Probabilities)
			}
			for i, lp := range a.Probabilities {
				want := math.Pow(plain.Probabilities[i].Probability, 1/float64(temperature)) / math.Pow(plain.Confidence, 1/float64(temperature)) * a.Confidence
				if math.Abs(lp.Probability-want) > 1e-6 {
					t.Errorf("%s at %v: P(%s) = %v, want %v", input, temperature, lp.Label, lp.Probability, want)
				}
			}
		}
	}
}
