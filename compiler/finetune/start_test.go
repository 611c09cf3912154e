package finetune

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"paw/compiler"
	"paw/compiler/pseudo"
)

// fixed is a Start that always makes the same adapter and notes what it was asked.
type fixed struct {
	adapter *Adapter
	mu      sync.Mutex
	asked   [][]pseudo.Example
	texts   []string
	err     error
}

func (f *fixed) Snapshot() string     { return "fixed" }
func (f *fixed) Temperature() float32 { return 1.75 }

func (f *fixed) Adapter(_ pseudo.Spec, examples []pseudo.Example, text string) (*Adapter, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked, f.texts = append(f.asked, examples), append(f.texts, text)
	if f.err != nil {
		return nil, f.err
	}
	return f.adapter.Clone(), nil
}

func TestTheStartsAdapterIsTheProgram(t *testing.T) {
	b := tinyBase(t, 1024)
	f := &fixed{adapter: randomAdapter(b.Engine.Geometry(), 32)}
	c := NewFrom("test", b, f, Forward)
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
	p, err := NewFrom("test", b, f, Forward).Compile(t.Context(), compiler.Request{Spec: exampleSpec(8)}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(f.asked) != folds+1 || len(p.Meta.Report) == 0 {
		t.Fatalf("asked %d times, a report of %d bytes", len(f.asked), len(p.Meta.Report))
	}
	held, whole := map[string]int{}, 0
	all := pseudoExamples(t, exampleSpec(8))
	for _, read := range f.asked {
		if len(read) == len(all) {
			whole++
		}
		for _, e := range all {
			if !slices.Contains(read, e) {
				held[e.Input]++
			}
		}
	}
	if whole != 1 || len(held) != 8 {
		t.Errorf("%d calls read all examples, the others held out %v", whole, held)
	}
	for input, times := range held {
		if times != 1 {
			t.Errorf("%q was held out %d times", input, times)
		}
	}
}

func pseudoExamples(t *testing.T, spec string) []pseudo.Example {
	t.Helper()
	s, err := pseudo.Parse(spec)
	if err != nil {
		t.Fatal(err)
	}
	return s.Examples
}

// A start is trained on the examples it has, as long as the effort says.
func TestEffort(t *testing.T) {
	b := tinyBase(t, 1024)
	f := &fixed{adapter: randomAdapter(b.Engine.Geometry(), 32)}
	snapshots := map[string]bool{New("test", b).Snapshot(): true}
	for _, c := range []struct {
		effort Effort
		spec   string
		steps  int
		kind   string
	}{
		{Forward, exampleSpec(16), 0, "mapper_lora"},
		{Brief, exampleSpec(16), 6, "finetune_lora"},
		{Full, exampleSpec(16), 30, "finetune_lora"},
		{Brief, fireSpec, 0, "mapper_lora"}, // no examples
		{Full, fireSpec, 0, "mapper_lora"},
	} {
		steps := 0
		made := NewFrom(fmt.Sprint("test-", c.effort), b, f, c.effort)
		p, err := made.Compile(t.Context(), compiler.Request{Spec: c.spec, SkipEvaluation: true}, func(e compiler.Event) {
			if e.Loss > 0 {
				steps = e.Step
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		start, err := f.adapter.GGUF(b.Engine.Geometry())
		if err != nil {
			t.Fatal(err)
		}
		if steps != c.steps || p.Meta.CompilerKind != c.kind || bytes.Equal(p.Adapter, start) != (c.steps == 0) {
			t.Errorf("effort %d, %d examples: %d steps, kind %s, the start's adapter: %t", c.effort, strings.Count(c.spec, "Input:"), steps, p.Meta.CompilerKind, bytes.Equal(p.Adapter, start))
		}
		snapshots[made.Snapshot()] = true
	}
	if len(snapshots) != 4 {
		t.Errorf("three efforts and training alone are %d snapshots: %v", len(snapshots), snapshots)
	}
}

func TestAFailingStart(t *testing.T) {
	b := tinyBase(t, 1024)
	f := &fixed{err: errors.New("no weights")}
	if _, err := NewFrom("test", b, f, Forward).Compile(t.Context(), compiler.Request{Spec: fireSpec}, nil); !errors.Is(err, f.err) {
		t.Errorf("a failing start: %v", err)
	}
}
