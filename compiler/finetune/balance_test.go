package finetune

import (
	"math"
	"slices"
	"testing"

	"paw/compiler"
	"paw/function"
	"paw/pawfile"
)

// A program's answers to the neutral texts: the mean share of every label.
func preferences(t *testing.T, b Base, p *pawfile.Program) []float64 {
	t.Helper()
	f, err := function.Open(t.Context(), b.Engine, p, function.Options{BaseSHA256: b.SHA256})
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	mean := make([]float64, len(p.Meta.Labels))
	for _, text := range neutral {
		a, err := f.Call(t.Context(), text, function.Call{})
		if err != nil {
			t.Fatal(err)
		}
		sum := 0.0
		for i, lp := range a.Probabilities {
			mean[i] += lp.Probability / float64(len(neutral))
			sum += lp.Probability
		}
		if math.Abs(sum-1) > 1e-6 {
			t.Fatalf("probabilities of %q sum to %v", text, sum)
		}
	}
	return mean
}

func spread(x []float64) float64 {
	lo, hi := math.Inf(1), 0.0
	for _, v := range x {
		lo, hi = min(lo, v), max(hi, v)
	}
	return hi / lo
}

func TestLabelsAreBalanced(t *testing.T) {
	b := tinyBase(t, 1024)
	f := &fixed{adapter: randomAdapter(b.Engine.Geometry(), 32)}
	p, err := NewFrom("test", b, f, Forward).Compile(t.Context(), compiler.Request{Spec: fireSpec}, nil)
	if err != nil {
		t.Fatal(err)
	}
	c := p.Meta.Calibration
	if c == nil || len(c.Weights) != len(p.Meta.Labels) {
		t.Fatalf("calibration %+v for labels %q", c, p.Meta.Labels)
	}
	raw := *p
	raw.Meta.Calibration = &pawfile.Calibration{Temperature: c.Temperature}
	// The trainer's shares are those that the program gives, but for the rounding of its activations.
	shares := preferences(t, b, &raw)
	for i, w := range c.Weights {
		if want := 1 / shares[i] / (1 / slices.Min(shares)); math.Abs(float64(w)-want) > 0.05*want {
			t.Errorf("label %d weighs %v, its share %v of %v asks for %v", i, w, shares[i], shares, want)
		}
	}
	before, after := spread(preferences(t, b, &raw)), spread(preferences(t, b, p))
	t.Logf("the favourite label has %.2f times the share of the last, balanced %.2f times", before, after)
	if before < 1.05 || after >= before {
		t.Errorf("labels differ by a factor of %.3f before and %.3f after", before, after)
	}
}

func TestTemperingWeights(t *testing.T) {
	p := &pawfile.Program{Meta: pawfile.Meta{Calibration: &pawfile.Calibration{Weights: []float32{1, 0.25}}}}
	temper(p, 2)
	if c := p.Meta.Calibration; c.Temperature != 2 || c.Weights[0] != 1 || c.Weights[1] != 0.5 {
		t.Errorf("%+v: the square root of 1 and 0.25 is 1 and 0.5", c)
	}
	plain := &pawfile.Program{}
	temper(plain, 2)
	if c := plain.Meta.Calibration; c.Temperature != 2 || c.Weights != nil {
		t.Errorf("%+v", c)
	}
}

// A control shows what the bare interpreter does, and free text has nothing to weigh.
func TestWhatIsNotBalanced(t *testing.T) {
	b := tinyBase(t, 1024)
	f := &fixed{adapter: randomAdapter(b.Engine.Geometry(), 32)}
	for name, c := range map[string]struct {
		compiler *Compiler
		spec     string
	}{
		"a control": {NewControl("test", b, f), fireSpec},
		"free text": {NewFrom("test", b, f, Forward), "Write the last word of the sentence."},
	} {
		p, err := c.compiler.Compile(t.Context(), compiler.Request{Spec: c.spec}, nil)
		if err != nil {
			t.Fatal(err)
		}
		if p.Meta.Calibration != nil && p.Meta.Calibration.Weights != nil {
			t.Errorf("%s has weights: %+v", name, p.Meta.Calibration)
		}
	}
}
