package function

import (
	"math"
	"testing"

	"paw/engine/reference"
	"paw/pawfile"
)

// Whoever computes the probabilities of tokens elsewhere gets those that Call gives.
func TestChoicesAgreeWithCall(t *testing.T) {
	fx := newFixture(t, 256, true)
	e, err := reference.Load(fx.base)
	if err != nil {
		t.Fatal(err)
	}
	foreign := fx.program(0, "yes", "no", "not sure")
	foreign.Meta.TargetPrefix = nil // every label in two forms
	for name, p := range map[string]*pawfile.Program{"many": fx.program(0, manyLabels...), "forms": foreign, "one": fx.program(0, "only"), "nested": fx.program(0, "a", "a b", "a b c", "b")} {
		t.Run(name, func(t *testing.T) {
			const input = "is it on fire?"
			c, err := NewChoices(e.Tokenizer(), p)
			if err != nil {
				t.Fatal(err)
			}
			prompt, logProbs := NewPrompt(e.Tokenizer(), p.Prefix(), p.Suffix()), after(t, e, p)
			var next [][]float64
			for _, b := range c.Branches() {
				if len(b.Next) < 2 {
					t.Errorf("a branch with %d ways", len(b.Next))
				}
				lp := logProbs(prompt.Before, prompt.Input(input), b.Path)
				var row []float64
				for _, id := range b.Next {
					row = append(row, math.Exp(float64(lp[id])))
				}
				next = append(next, row)
			}
			got := c.Probabilities(next)
			want := call(t, openFunction(t, e, p, Options{}), input, Call{}).Probabilities
			if !c.Whole() || len(got) != len(want) {
				t.Fatalf("%d probabilities, whole %t; Call gives %d", len(got), c.Whole(), len(want))
			}
			for i, w := range want {
				if math.Abs(got[i]-w.Probability) > 1e-4 {
					t.Errorf("P(%s) = %v, Call says %v", w.Label, got[i], w.Probability)
				}
			}
		})
	}
}

func TestChoicesWithoutEvidenceAreEven(t *testing.T) {
	fx := newFixture(t, 256, true)
	c, err := NewChoices(fx.simd(t).Tokenizer(), fx.program(0, "yes", "no"))
	if err != nil {
		t.Fatal(err)
	}
	if got := c.Probabilities([][]float64{{0, 0}}); got[0] != 0.5 || got[1] != 0.5 {
		t.Errorf("%v of two tokens that never follow", got)
	}
	if _, err := NewChoices(fx.simd(t).Tokenizer(), fx.program(0, "yes", "yes")); err == nil {
		t.Error("a label that stands twice was taken")
	}
}
