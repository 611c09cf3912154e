package function

import (
	"bytes"
	"context"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"

	"paw/arch"
	"paw/engine"
	"paw/engine/simd"
	"paw/gguf"
	"paw/models/random"
	"paw/pawfile"
	"paw/tokenizer"
)

// byteTokenizer has a token for every byte, a few merges and the markers as control tokens.
func byteTokenizer(t testing.TB, control bool) *tokenizer.Tokenizer {
	t.Helper()
	tok, err := random.Tokenizer(control, "u r", "g e", "Ġ a", "w a", "i t")
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

type fixture struct {
	geometry arch.Geometry
	base     *bytes.Reader
	adapters [2][]byte
}

func newFixture(t testing.TB, context int, control bool) fixture {
	t.Helper()
	tok := byteTokenizer(t, control)
	g := arch.Geometry{Arch: "gpt2", Layers: 2, Width: 64, Heads: 4, KVHeads: 4, HeadDim: 16, FFN: 128, Vocab: tok.Size(),
		Context: context, NormEps: 1e-5, TiedOutput: true}
	var b bytes.Buffer
	if err := random.Base(&b, g, tok, random.Options{Seed: 4, Type: gguf.Q8_0, Deviation: 0.2}); err != nil {
		t.Fatal(err)
	}
	f := fixture{geometry: g, base: bytes.NewReader(b.Bytes())}
	for i := range f.adapters {
		var a bytes.Buffer
		if err := random.Adapter(&a, g, 32, uint64(i)); err != nil {
			t.Fatal(err)
		}
		f.adapters[i] = a.Bytes()
	}
	return f
}

func (f fixture) simd(t testing.TB) engine.Engine {
	t.Helper()
	host, err := simd.NewWazeroHost(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	e, err := simd.Load(t.Context(), host, f.base, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	return e
}

const template = "[PSEUDO_PROGRAM]\nTask: test\n[END_PSEUDO_PROGRAM]\n\n[INPUT]\n{INPUT_PLACEHOLDER}\n[END_INPUT]"

func (f fixture) program(adapter int, labels ...string) *pawfile.Program {
	space := " "
	return &pawfile.Program{
		Meta:     pawfile.Meta{ProgramID: "0123456789abcdef0123", Labels: labels, TargetPrefix: &space},
		Template: template, Adapter: f.adapters[adapter],
	}
}

func openFunction(t testing.TB, e engine.Engine, p *pawfile.Program, o Options) *Function {
	t.Helper()
	f, err := Open(t.Context(), e, p, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

func call(t testing.TB, f *Function, input string, c Call) Answer {
	t.Helper()
	a, err := f.Call(t.Context(), input, c)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

var manyLabels = []string{"urgent", "urge", "wait", "waiting list", "no", "not sure", "a", "ab", "abc"}

// byHand computes P(label) from whole-vocabulary log-probabilities, one label at a time.
func TestFreeTextIsGreedy(t *testing.T) {
	fx := newFixture(t, 256, true)
	e := fx.simd(t)
	p := fx.program(0)
	f := openFunction(t, e, p, Options{})
	a := call(t, f, "hello", Call{MaxTokens: 12})
	// by hand
	adapter, err := e.Attach(t.Context(), p.AdapterReader())
	if err != nil {
		t.Fatal(err)
	}
	prompt := NewPrompt(e.Tokenizer(), p.Prefix(), p.Suffix())
	prefix, err := e.NewPrefix(t.Context(), adapter, slices.Concat(prompt.Before, prompt.Input("hello")[:3]))
	if err != nil {
		t.Fatal(err)
	}
	s, err := e.NewSession(t.Context(), prefix, 60)
	if err != nil {
		t.Fatal(err)
	}
	next := prompt.Input("hello")[3:]
	var ids []int32
	for len(ids) < 12 {
		if err := s.Prefill(t.Context(), next); err != nil {
			t.Fatal(err)
		}
		lp := make([]float32, e.Geometry().Vocab)
		if err := s.LogProbs(t.Context(), lp); err != nil {
			t.Fatal(err)
		}
		best := int32(0)
		for i, v := range lp {
			if v > lp[best] {
				best = int32(i)
			}
		}
		if e.Tokenizer().IsControl(best) {
			break
		}
		ids, next = append(ids, best), []int32{best}
	}
	if want := strings.TrimSpace(e.Tokenizer().Decode(ids)); a.Output != want {
		t.Errorf("output %q, by hand %q", a.Output, want)
	}
	if a.Label != "" || a.Probabilities != nil || !(a.Confidence > 0 && a.Confidence <= 1) {
		t.Errorf("free text answered %+v", a)
	}
	var pieces []string
	again := call(t, f, "hello", Call{MaxTokens: 12, Piece: func(p string) { pieces = append(pieces, p) }})
	if !reflect.DeepEqual(a, again) {
		t.Errorf("asked twice: %+v, then %+v", a, again)
	}
	if strings.Join(pieces, "") != a.Output || len(pieces) < 2 {
		t.Errorf("%q came in the pieces %q", a.Output, pieces)
	}
}

func TestFunctionsDoNotDisturbEachOther(t *testing.T) {
	fx := newFixture(t, 256, true)
	e := fx.simd(t)
	a, b := openFunction(t, e, fx.program(0, manyLabels...), Options{}), openFunction(t, e, fx.program(1, manyLabels...), Options{})
	first, other, again := call(t, a, "q", Call{}), call(t, b, "q", Call{}), call(t, a, "q", Call{})
	if !reflect.DeepEqual(first, again) {
		t.Errorf("A→B→A: %+v, then %+v", first, again)
	}
	if reflect.DeepEqual(first, other) {
		t.Error("two adapters give one answer")
	}
}

// User text must never become a control token, whatever it spells.
func TestInputIsPlainText(t *testing.T) {
	for _, control := range []bool{true, false} {
		tok := byteTokenizer(t, control)
		before, after, _ := strings.Cut(template, pawfile.Placeholder)
		p := NewPrompt(tok, before, after)
		for _, m := range random.Markers {
			ids := p.Input("x " + m + " y")
			var text []byte
			controls := 0
			for _, id := range ids {
				if tok.IsControl(id) {
					controls++
				} else {
					text = append(text, tok.Bytes(id)...)
				}
			}
			want, tail := 0, "\n[END_INPUT]"
			if control {
				want, tail = 1, "\n"
			}
			if controls != want || string(text) != "x "+m+" y"+tail {
				t.Errorf("control %v: input with %s gave %d control tokens and text %q", control, m, controls, text)
			}
		}
	}
}

func TestInputsThatDoNotFit(t *testing.T) {
	fx := newFixture(t, 64, true)
	e := fx.simd(t)
	f := openFunction(t, e, fx.program(0, "urgent", "wait"), Options{})
	var long *engine.ContextError
	_, err := f.Call(t.Context(), strings.Repeat("z", 64), Call{})
	if !errors.As(err, &long) || long.Have != 64 || long.Need <= 64 {
		t.Errorf("an input beyond the context: %v", err)
	}
	text := openFunction(t, e, fx.program(0), Options{})
	a := call(t, text, "z", Call{})
	if used := text.PrefixTokens() + a.Tokens; a.Stop == StopLimit || used > 64 {
		t.Errorf("free text stopped by %q after %d of 64 positions", a.Stop, used)
	}
	p := fx.program(0)
	p.Template = strings.Repeat("z", 64) + template
	if _, err := Open(t.Context(), e, p, Options{}); !errors.As(err, &long) {
		t.Errorf("a program beyond the context: %v", err)
	}
}

func TestRefusals(t *testing.T) {
	fx := newFixture(t, 256, true)
	e := fx.simd(t)
	p := fx.program(0, "a", "b")
	p.Meta.BaseSHA256 = strings.Repeat("1", 64)
	if _, err := Open(t.Context(), e, p, Options{BaseSHA256: strings.Repeat("2", 64)}); !errors.Is(err, ErrBase) {
		t.Errorf("a program for another base: %v", err)
	}
	if _, err := Open(t.Context(), e, fx.program(0, "a", "a"), Options{}); !errors.Is(err, ErrLabels) {
		t.Errorf("a label twice: %v", err)
	}
	other := newFixture(t, 256, true)
	other.geometry.Width = 96
	var b bytes.Buffer
	if err := random.Adapter(&b, other.geometry, 32, 1); err != nil {
		t.Fatal(err)
	}
	p = fx.program(0, "a", "b")
	p.Adapter = b.Bytes()
	var shape *arch.Error
	if _, err := Open(t.Context(), e, p, Options{}); !errors.As(err, &shape) {
		t.Errorf("an adapter for another geometry: %v", err)
	}
}

func TestAbortAndThreshold(t *testing.T) {
	fx := newFixture(t, 256, true)
	f := openFunction(t, fx.simd(t), fx.program(0, "urgent", "wait"), Options{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := f.Call(ctx, "x", Call{}); !errors.Is(err, context.Canceled) {
		t.Errorf("a call under an ended context: %v", err)
	}
	a := call(t, f, "x", Call{})
	if call(t, f, "x", Call{Threshold: a.Confidence}).Abstained || !call(t, f, "x", Call{Threshold: a.Confidence + 0.01}).Abstained {
		t.Error("the threshold is not honoured")
	}
}
