package finetune

import (
	"errors"
	"slices"
	"testing"

	"paw/compiler"
	"paw/compiler/pseudo"
)

// fixed is a Start that always makes the same adapter and notes what it was asked.
type fixed struct {
	adapter *Adapter
	asked   [][]pseudo.Example
	texts   []string
	err     error
}

func (f *fixed) Snapshot() string     { return "fixed" }
func (f *fixed) Temperature() float32 { return 1.75 }

func (f *fixed) Adapter(_ pseudo.Spec, examples []pseudo.Example, text string) (*Adapter, error) {
	f.asked, f.texts = append(f.asked, examples), append(f.texts, text)
	if f.err != nil {
		return nil, f.err
	}
	return f.adapter.Clone(), nil
}

func TestTheStartsAdapterIsTheProgram(t *testing.T) {
	b := tinyBase(t, 1024)
	f := &fixed{adapter: randomAdapter(b.Engine.Geometry(), 32)}
	c := NewFrom("test", b, f, false)
	p, err := c.Compile(t.Context(), compiler.Request{Spec: fireSpec}, nil)
	if err != nil {
		t.Fatal(err)
	}
	want, err := f.adapter.GGUF(b.Engine.Geometry())
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(p.Adapter, want) || p.Meta.CompilerKind != "mapper_lora" || p.Meta.CompilerSnapshot != c.Snapshot() {
		t.Errorf("kind %s, snapshot %s, an adapter of %d bytes, the start's has %d", p.Meta.CompilerKind, p.Meta.CompilerSnapshot, len(p.Adapter), len(want))
	}
	if c := p.Meta.Calibration; c == nil || c.Temperature != 1.75 {
		t.Errorf("calibration %+v, the start's temperature is 1.75", c)
	}
	if len(f.texts) != 1 || f.texts[0] != p.PseudoProgram {
		t.Errorf("the start read %q, the program shows %q", f.texts, p.PseudoProgram)
	}
}

// What is measured must not have been seen: neither in the prompt nor by the start.
func TestTheStartNeverReadsHeldOutExamples(t *testing.T) {
	b := tinyBase(t, 1024)
	f := &fixed{adapter: NewAdapter(b.Engine.Geometry(), 32, 16)}
	p, err := NewFrom("test", b, f, false).Compile(t.Context(), compiler.Request{Spec: exampleSpec(8)}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(f.asked) != folds+1 || len(p.Meta.Report) == 0 {
		t.Fatalf("asked %d times, a report of %d bytes", len(f.asked), len(p.Meta.Report))
	}
	held := 0
	for _, examples := range f.asked[:folds] {
		held += 8 - len(examples)
	}
	if held != 8 || len(f.asked[folds]) != 8 {
		t.Errorf("the folds held out %d examples, the last call read %d", held, len(f.asked[folds]))
	}
}

func TestRefineTrainsFromTheStart(t *testing.T) {
	b := tinyBase(t, 1024)
	f := &fixed{adapter: randomAdapter(b.Engine.Geometry(), 32)}
	losses := func(refine bool, spec string) (p float64, kind string) {
		c := NewFrom("test", b, f, refine)
		var last float64
		program, err := c.Compile(t.Context(), compiler.Request{Spec: spec, SkipEvaluation: true, Steps: 30}, func(e compiler.Event) {
			if e.Loss > 0 {
				last = e.Loss
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		return last, program.Meta.CompilerKind
	}
	if loss, kind := losses(true, exampleSpec(16)); loss == 0 || kind != "finetune_lora" {
		t.Errorf("refined: loss %g, kind %s", loss, kind)
	}
	if loss, kind := losses(false, exampleSpec(16)); loss != 0 || kind != "mapper_lora" {
		t.Errorf("not refined: loss %g, kind %s", loss, kind)
	}
	if loss, _ := losses(true, fireSpec); loss != 0 {
		t.Errorf("refined without examples: loss %g", loss)
	}
	if a, c := NewFrom("a", b, f, true), NewFrom("b", b, f, false); a.Snapshot() == c.Snapshot() || a.Snapshot() == New("a", b).Snapshot() {
		t.Errorf("snapshots %s, %s, %s", a.Snapshot(), c.Snapshot(), New("a", b).Snapshot())
	}
	f.err = errors.New("no weights")
	if _, err := NewFrom("test", b, f, false).Compile(t.Context(), compiler.Request{Spec: fireSpec}, nil); !errors.Is(err, f.err) {
		t.Errorf("a failing start: %v", err)
	}
}
