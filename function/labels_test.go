package function

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"paw/arch"
	"paw/engine"
	"paw/engine/reference"
	"paw/gguf"
	"paw/pawfile"
)

// after gives the log-probabilities of all tokens behind a text, each from a session of its own.
func after(t *testing.T, e engine.Engine, p *pawfile.Program) func(tokens ...[]int32) []float32 {
	t.Helper()
	a, err := e.Attach(t.Context(), p.AdapterReader())
	if err != nil {
		t.Fatal(err)
	}
	prefix, err := e.NewPrefix(t.Context(), a, nil)
	if err != nil {
		t.Fatal(err)
	}
	return func(tokens ...[]int32) []float32 {
		session, err := e.NewSession(t.Context(), prefix, e.Geometry().Context)
		if err != nil {
			t.Fatal(err)
		}
		defer session.Close()
		if err := session.Prefill(t.Context(), slices.Concat(tokens...)); err != nil {
			t.Fatal(err)
		}
		lp := make([]float32, e.Geometry().Vocab)
		if err := session.LogProbs(t.Context(), lp); err != nil {
			t.Fatal(err)
		}
		return lp
	}
}

func byHand(t *testing.T, e engine.Engine, p *pawfile.Program, input string, labels []string) []float64 {
	t.Helper()
	tok := e.Tokenizer()
	var sequences [][]int32
	for _, l := range labels {
		sequences = append(sequences, Target(tok, " ", l))
	}
	prompt, logProbs := NewPrompt(tok, p.Prefix(), p.Suffix()), after(t, e, p)
	out := make([]float64, len(labels))
	for i, s := range sequences {
		out[i] = 1
		for n := range s {
			lp := logProbs(prompt.Before, prompt.Input(input), s[:n])
			next := map[int32]bool{}
			for _, other := range sequences {
				if len(other) > n && slices.Equal(other[:n], s[:n]) {
					next[other[n]] = true
				}
			}
			var sum float64
			for id := range next {
				sum += math.Exp(float64(lp[id]))
			}
			out[i] *= math.Exp(float64(lp[s[n]])) / sum
		}
	}
	return out
}

func TestLabelProbabilities(t *testing.T) {
	fx := newFixture(t, 256, true)
	engines := map[string]engine.Engine{"simd": fx.simd(t)}
	if r, err := reference.Load(fx.base); err != nil {
		t.Fatal(err)
	} else {
		engines["reference"] = r
	}
	for name, e := range engines {
		t.Run(name, func(t *testing.T) {
			p := fx.program(0, manyLabels...)
			a := call(t, openFunction(t, e, p, Options{}), "is it on fire?", Call{})
			want := byHand(t, e, p, "is it on fire?", manyLabels)
			var sum float64
			best := 0
			for i, lp := range a.Probabilities {
				sum += lp.Probability
				if want[i] > want[best] {
					best = i
				}
				if lp.Label != manyLabels[i] || math.Abs(lp.Probability-want[i]) > 1e-4 {
					t.Errorf("P(%s) = %v, by hand %v", lp.Label, lp.Probability, want[i])
				}
			}
			if math.Abs(sum-1) > 1e-4 {
				t.Errorf("probabilities sum to %v", sum)
			}
			if a.Label != manyLabels[best] || a.Output != a.Label || a.Confidence != a.Probabilities[best].Probability || a.Stop != StopEnd {
				t.Errorf("answer %+v, the argmax is %s", a, manyLabels[best])
			}
		})
	}
}

func TestBestFirstFindsTheSameLabel(t *testing.T) {
	fx := newFixture(t, 256, true)
	var labels []string
	for i := range 200 {
		labels = append(labels, fmt.Sprintf("label %c%d", 'a'+i%26, i))
	}
	e := fx.simd(t)
	f := openFunction(t, e, fx.program(0, labels...), Options{})
	for _, input := range []string{"one", "two", "and three"} {
		a := call(t, f, input, Call{})
		if !a.Partial {
			t.Fatal("200 labels were all scored")
		}
		want := byHand(t, e, fx.program(0), input, labels)
		best := 0
		for i, p := range want {
			if p > want[best] {
				best = i
			}
		}
		if a.Label != labels[best] || math.Abs(a.Confidence-want[best]) > 1e-4 {
			t.Errorf("%s: %s with %v, the argmax is %s with %v", input, a.Label, a.Confidence, labels[best], want[best])
		}
	}
}

func TestVariantsOfForeignProgramsAreSummed(t *testing.T) {
	fx := newFixture(t, 256, true)
	p := fx.program(0, "yes", "no")
	p.Meta.TargetPrefix = nil
	a := call(t, openFunction(t, fx.simd(t), p, Options{}), "x", Call{})
	var sum float64
	for _, lp := range a.Probabilities {
		sum += lp.Probability
	}
	if math.Abs(sum-1) > 1e-4 {
		t.Errorf("the variants' probabilities sum to %v", sum)
	}
}

func TestTemperatureSoftensAndIsRecorded(t *testing.T) {
	fx := newFixture(t, 256, true)
	e := fx.simd(t)
	p := fx.program(0, "urgent", "wait")
	plain := call(t, openFunction(t, e, p, Options{}), "x", Call{})
	p.Meta.Calibration = &pawfile.Calibration{Temperature: 4}
	soft := call(t, openFunction(t, e, p, Options{}), "x", Call{})
	if !soft.Calibrated || plain.Calibrated || soft.Label != plain.Label || soft.Confidence >= plain.Confidence || soft.Confidence <= 0.5 {
		t.Errorf("temperature 4: %+v, without: %+v", soft, plain)
	}
}

func TestWeightsShiftTheLabels(t *testing.T) {
	f := newFixture(t, 64, true)
	e := f.simd(t)
	p := f.program(1, "yes", "no", "maybe")
	even := call(t, openFunction(t, e, p, Options{}), "hello", Call{})
	p.Meta.Labels = []string{"yes", "no", "maybe"}
	p.Meta.Calibration = &pawfile.Calibration{Weights: []float32{1, 0.5, 0.001}}
	got := call(t, openFunction(t, e, p, Options{}), "hello", Call{})
	sum := 0.0
	for i, w := range p.Meta.Calibration.Weights {
		sum += even.Probabilities[i].Probability * float64(w)
	}
	for i, w := range p.Meta.Calibration.Weights {
		want := even.Probabilities[i].Probability * float64(w) / sum
		if d := got.Probabilities[i].Probability - want; d > 1e-12 || d < -1e-12 {
			t.Errorf("%s: %v, want %v", got.Probabilities[i].Label, got.Probabilities[i].Probability, want)
		}
	}
	if got.Calibrated {
		t.Error("weights alone were taken for a fitted temperature")
	}
	// Other labels than the program's are not weighed.
	other := call(t, openFunction(t, e, p, Options{Labels: []string{"yes", "no", "maybe"}}), "hello", Call{})
	for i := range other.Probabilities {
		if other.Probabilities[i] != even.Probabilities[i] {
			t.Errorf("labels of the caller were weighed: %v, want %v", other.Probabilities[i], even.Probabilities[i])
		}
	}
}

// agrees checks an answer of a search against all labels of a set that is small enough to be scored.
func agrees(t *testing.T, e engine.Engine, fx fixture, input string, a Answer, labels []string) {
	t.Helper()
	if !slices.Contains(labels, a.Label) {
		labels = append(slices.Clone(labels[1:]), a.Label)
	}
	some := call(t, openFunction(t, e, fx.program(0, labels...), Options{}), input, Call{})
	if some.Partial || some.Label != a.Label {
		t.Errorf("%s: the search found ..%.8q, of %d labels that are all scored ..%.8q wins", input, tail(a.Label), len(labels), tail(some.Label))
	}
}

func tail(s string) string { return s[max(0, len(s)-8):] }

// What many labels begin with decides nothing and costs the search nothing.
func TestBestFirstPassesWhatLabelsShare(t *testing.T) {
	fx := newFixture(t, 512, true)
	var labels []string
	for i := range 65 {
		labels = append(labels, fmt.Sprintf("%s%02d", strings.Repeat("x y ", 75), i))
	}
	e := fx.simd(t)
	f := openFunction(t, e, fx.program(0, labels...), Options{})
	for _, input := range []string{"one", "two"} {
		a := call(t, f, input, Call{})
		if !a.Partial || a.Confidence <= 0 {
			t.Fatalf("%s: partial %t, confidence %v", input, a.Partial, a.Confidence)
		}
		agrees(t, e, fx, input, a, labels[:64])
	}
}

// A search that finds no end among all its places goes straight on from the likeliest one.
func TestBestFirstAlwaysAnswers(t *testing.T) {
	fx := newFixture(t, 256, true)
	var labels []string
	for i := range 1 << 11 {
		labels = append(labels, strings.NewReplacer("0", "u", "1", "w").Replace(fmt.Sprintf("%011b", i)))
	}
	f := openFunction(t, fx.simd(t), fx.program(0, labels...), Options{})
	if a := call(t, f, "which?", Call{}); !a.Partial || a.Confidence <= 0 || !slices.Contains(labels, a.Label) {
		t.Errorf("%q with %v", a.Label, a.Confidence)
	}
}

// Labels take positions only down to where the last of them part.
func TestLabelsNeedFewPositions(t *testing.T) {
	fx := newFixture(t, 256, true)
	p := fx.program(0, "a"+strings.Repeat("z", 60), "b"+strings.Repeat("z", 60))
	space := ""
	p.Meta.TargetPrefix = &space
	e := fx.simd(t)
	f := openFunction(t, e, p, Options{})
	room := e.Geometry().Context - f.PrefixTokens() - len(f.prompt.Input(""))
	input := strings.Repeat("q", room)
	if n := len(f.prompt.Input(input)); n != e.Geometry().Context-f.PrefixTokens() {
		t.Fatalf("an input of %d tokens does not fill the context", n)
	}
	if a := call(t, f, input, Call{}); len(a.Probabilities) != 2 || a.Confidence < 0.5 {
		t.Errorf("%+v", a)
	}
	var long *engine.ContextError
	if _, err := f.Call(t.Context(), input+"q", Call{}); !errors.As(err, &long) {
		t.Errorf("one token too many: %v", err)
	}
}

// Weights that are finite each can overflow together. What comes of it is no answer.
func TestOverflowIsNoAnswer(t *testing.T) {
	fx := newFixture(t, 256, true)
	var outs []gguf.Out
	for layer := range fx.geometry.Layers {
		for _, m := range fx.geometry.Modules() {
			name := fx.geometry.TensorName(layer, m.Module)
			for _, half := range []struct {
				suffix  string
				in, out int
			}{{".lora_a", m.In, 32}, {".lora_b", 32, m.Out}} {
				x := make([]float32, half.in*half.out)
				for i := range x {
					x[i] = 8e6
				}
				outs = append(outs, gguf.Out{Name: name + half.suffix, Dims: []uint64{uint64(half.in), uint64(half.out)}, Type: gguf.F32, Data: gguf.Encode(gguf.F32, nil, x)})
			}
		}
	}
	var b bytes.Buffer
	if err := gguf.Write(&b, arch.AdapterKVs(fx.geometry, 1e6, "overflow"), outs); err != nil {
		t.Fatal(err)
	}
	e := fx.simd(t)
	for _, labels := range [][]string{nil, {"yes", "no"}, manyLabels} {
		p := fx.program(0, labels...)
		p.Adapter = b.Bytes()
		f, err := Open(t.Context(), e, p, Options{})
		if err == nil {
			_, err = f.Call(t.Context(), "hello", Call{MaxTokens: 4})
		}
		if !errors.Is(err, engine.ErrUnfinished) {
			t.Errorf("%d labels: %v", len(labels), err)
		}
	}
}
