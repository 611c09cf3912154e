package finetune

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"paw/arch"
	"paw/compiler"
	"paw/compiler/pseudo"
	"paw/engine"
	"paw/engine/simd"
	"paw/function"
	"paw/gguf"
	"paw/models/random"
	"paw/pawfile"
)

// tinyBase is a random interpreter with the mini's control tokens.
func tinyBase(t *testing.T, contextLength int) Base {
	t.Helper()
	tok, err := random.Tokenizer(true, "e r", "i n", "Ġ t")
	if err != nil {
		t.Fatal(err)
	}
	g := arch.Geometry{Arch: "gpt2", Layers: 2, Width: 64, Heads: 2, KVHeads: 2, HeadDim: 32, FFN: 128, Vocab: tok.Size(),
		Context: contextLength, NormEps: 1e-5, TiedOutput: true}
	var b bytes.Buffer
	if err := random.Base(&b, g, tok, random.Options{Seed: 2, Type: gguf.Q8_0, Deviation: 0.15}); err != nil {
		t.Fatal(err)
	}
	src := bytes.NewReader(b.Bytes())
	host, err := simd.NewWazeroHost(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	e, err := simd.Load(t.Context(), host, src, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	return Base{RuntimeID: "tiny", Interpreter: "tiny", SHA256: strings.Repeat("ab", 32), Source: src, Engine: e}
}

const fireSpec = "Is this message urgent? Return ONLY one of: urgent, wait\n"

func exampleSpec(n int) string {
	s := fireSpec
	for i := range n {
		if i%2 == 0 {
			s += fmt.Sprintf("Input: fire fire fire %d\nOutput: urgent\n", i)
		} else {
			s += fmt.Sprintf("Input: green tea, black tea %d\nOutput: wait\n", i)
		}
	}
	return s
}

func compile(t *testing.T, b Base, r compiler.Request) *pawfile.Program {
	t.Helper()
	p, err := New("test", b).Compile(t.Context(), r, nil)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestCompileLearnsItsExamples(t *testing.T) {
	b := tinyBase(t, 1024)
	p := compile(t, b, compiler.Request{Spec: exampleSpec(16), Steps: 200, SkipEvaluation: true})
	data, err := p.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if p, err = pawfile.Read(bytes.NewReader(data), int64(len(data))); err != nil {
		t.Fatal(err)
	}
	f, err := function.Open(t.Context(), b.Engine, p, function.Options{BaseSHA256: b.SHA256})
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	right := 0
	for i := range 10 {
		for _, c := range [][2]string{{"fire fire fire %d", "urgent"}, {"green tea, black tea %d", "wait"}} {
			a, err := f.Call(t.Context(), fmt.Sprintf(c[0], 20+i), function.Call{})
			if err != nil {
				t.Fatal(err)
			}
			if a.Label == c[1] {
				right++
			}
		}
	}
	if right < 18 {
		t.Errorf("%d of 20 unseen inputs answered right after training on 16", right)
	}
}

// However many trainings run at a time, and twice alike.
func TestCompileIsDeterministic(t *testing.T) {
	b := tinyBase(t, 1024)
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	var first []byte
	for _, procs := range []int{1, 2, 4, 4} {
		runtime.GOMAXPROCS(procs)
		data, err := compile(t, b, compiler.Request{Spec: exampleSpec(6), Steps: 3}).Encode()
		if err != nil {
			t.Fatal(err)
		}
		if first == nil {
			first = data
		} else if !bytes.Equal(first, data) {
			t.Errorf("the same request gave other bytes on %d processors", procs)
		}
	}
}

const copySpec = "Return the number.\nInput: order 4711 now\nOutput: 4711\nInput: my 300 tins\nOutput: 300\nInput: 25 cats\nOutput: 25\nInput: all 1600 of it\nOutput: 1600\n"

// One id, one program: asking for a report must not change what is trained.
func TestReportDoesNotChangeTheAdapter(t *testing.T) {
	b := tinyBase(t, 1024)
	for _, spec := range []string{exampleSpec(6), copySpec} {
		with := compile(t, b, compiler.Request{Spec: spec, Steps: 3})
		without := compile(t, b, compiler.Request{Spec: spec, Steps: 3, SkipEvaluation: true})
		if with.Meta.ProgramID != without.Meta.ProgramID || !bytes.Equal(with.Adapter, without.Adapter) {
			t.Errorf("%.20q: another adapter with a report than without", spec)
		}
	}
}

func TestReportComesFromUnseenExamples(t *testing.T) {
	b := tinyBase(t, 1024)
	seen, last := map[compiler.Stage]int{}, 0.0
	p, err := New("test", b).Compile(t.Context(), compiler.Request{Spec: exampleSpec(12), Steps: 10}, func(e compiler.Event) {
		seen[e.Stage]++
		if e.Total == 0 {
			return
		}
		if e.Fraction() <= last {
			t.Errorf("step %d of part %d: %.2f of the work after %.2f", e.Step, e.Part, e.Fraction(), last)
		}
		last = e.Fraction()
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"n":12`, `"majority":0.5`, `"baseline":`, `"interval":[`} {
		if !strings.Contains(string(p.Meta.Report), want) {
			t.Errorf("report %s lacks %s", p.Meta.Report, want)
		}
	}
	if seen[compiler.StageParse] != 1 || seen[compiler.StageTrain] != (1+folds)*10 || seen[compiler.StageEvaluate] != folds || last != 1 {
		t.Errorf("events %v, %.2f of the work at the end", seen, last)
	}
}

func TestNoExamplesGiveAValidProgram(t *testing.T) {
	b := tinyBase(t, 512)
	p := compile(t, b, compiler.Request{Spec: fireSpec})
	if !strings.Contains(string(p.Meta.Report), "not evaluated") {
		t.Errorf("report %s", p.Meta.Report)
	}
	f, err := function.Open(t.Context(), b.Engine, p, function.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	a, err := f.Call(t.Context(), "hello", function.Call{})
	if err != nil || a.Label == "" {
		t.Errorf("answer %+v, %v", a, err)
	}
}

// No prompt may show what is trained behind it, and every example is trained or shown.
func TestShownExamplesAreNeverTargets(t *testing.T) {
	for n := range 40 {
		var examples []pseudo.Example
		for i := range n {
			examples = append(examples, pseudo.Example{Input: fmt.Sprint(i), Output: fmt.Sprint(i % 3)})
		}
		used, show := map[string]bool{}, n%7
		for _, g := range promptGroups(examples, []string{"0", "1", "2"}, division{show: show, few: 8 + n%5, parts: 2 + n%3}) {
			if len(g.shown) > show || len(g.targets) == 0 {
				t.Errorf("%d examples: a prompt shows %d and trains %d", n, len(g.shown), len(g.targets))
			}
			shown := map[string]bool{}
			for _, e := range g.shown {
				shown[e.Input] = true
				used[e.Input] = true
			}
			for _, e := range g.targets {
				if shown[e.Input] {
					t.Errorf("%d examples: input %s is shown and trained", n, e.Input)
				}
				used[e.Input] = true
			}
		}
		if len(used) != n {
			t.Errorf("%d of %d examples are used", len(used), n)
		}
	}
}

func TestCompileCancels(t *testing.T) {
	b := tinyBase(t, 1024)
	ctx, cancel := context.WithCancel(t.Context())
	_, err := New("test", b).Compile(ctx, compiler.Request{Spec: exampleSpec(16)}, func(e compiler.Event) {
		if e.Step == 2 {
			cancel()
		}
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled compilation: %v", err)
	}
}

func TestSpecsThatCannotBeCompiled(t *testing.T) {
	b := tinyBase(t, 256)
	var long *engine.ContextError
	for name, c := range map[string]struct {
		spec string
		is   error
		as   any
	}{
		"too short":    {"short", pseudo.ErrTooShort, nil},
		"too long":     {strings.Repeat("x", 17000), pseudo.ErrTooLong, nil},
		"long example": {fireSpec + "Input: " + strings.Repeat("word ", 100) + "\nOutput: wait", ErrExamples, &long},
	} {
		_, err := New("test", b).Compile(t.Context(), compiler.Request{Spec: c.spec}, nil)
		if c.as != nil && !errors.Is(err, compiler.ErrContext) {
			t.Errorf("%s: %v", name, err)
		}
		if c.is != nil && !errors.Is(err, c.is) || c.as != nil && !errors.As(err, c.as) || err == nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// What a program shows leaves room for inputs as long as those of its examples.
func TestPromptLeavesRoomForItsOwnExamples(t *testing.T) {
	b := tinyBase(t, 256)
	spec := fireSpec
	for i, output := range []string{"urgent", "wait", "urgent", "wait"} {
		spec += fmt.Sprintf("Input: %s %d\nOutput: %s\n", strings.Repeat("tea ", 24), i, output)
	}
	p := compile(t, b, compiler.Request{Spec: spec, Steps: 1, SkipEvaluation: true})
	f, err := function.Open(t.Context(), b.Engine, p, function.Options{BaseSHA256: b.SHA256})
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.Call(t.Context(), strings.Repeat("tea ", 24)+"0", function.Call{}); err != nil {
		t.Error(err)
	}
}
