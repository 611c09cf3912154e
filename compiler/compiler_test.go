package compiler

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"paw/compiler/pseudo"
	"paw/pawfile"
)

type fake string

func (f fake) Name() string     { return string(f) }
func (f fake) Snapshot() string { return string(f) + "-1" }
func (f fake) Compile(context.Context, Request, func(Event)) (*pawfile.Program, error) {
	return &pawfile.Program{}, nil
}

func opener(f fake) func(context.Context) (Compiler, error) {
	return func(context.Context) (Compiler, error) { return f, nil }
}

func TestRegistry(t *testing.T) {
	var r Registry
	ctx := context.Background()
	if _, err := r.Open(ctx, ""); !errors.Is(err, ErrUnknown) {
		t.Errorf("empty registry: %v", err)
	}
	for _, n := range []string{"b", "a"} {
		if err := r.Add(Info{Name: n}, opener(fake(n))); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.Add(Info{Name: "a"}, opener("a")); !errors.Is(err, ErrDuplicate) {
		t.Errorf("twice: %v", err)
	}
	for _, n := range []string{"", "A", "a b", "-a", "a-", "../a", strings.Repeat("a", 65)} {
		if err := r.Add(Info{Name: n}, opener("x")); !errors.Is(err, ErrName) {
			t.Errorf("name %q: %v", n, err)
		}
	}
	for ask, want := range map[string]string{"": "b", "a": "a", "b": "b"} {
		c, err := r.Open(ctx, ask)
		if err != nil || c.Name() != want {
			t.Errorf("Open(%q) = %v, %v", ask, c, err)
		}
	}
	_, err := r.Open(ctx, "c")
	if !errors.Is(err, ErrUnknown) || !strings.Contains(err.Error(), "b, a") {
		t.Errorf("unknown: %v", err)
	}
	if l := r.List(); len(l) != 2 || l[0].Name != "b" {
		t.Errorf("list %v", l)
	}
}

func TestOpenOnceAndAgainAfterFailure(t *testing.T) {
	var r Registry
	var calls atomic.Int32
	fail := errors.New("no weights")
	err := r.Add(Info{Name: "a"}, func(context.Context) (Compiler, error) {
		if calls.Add(1) == 1 {
			return nil, fail
		}
		return fake("a"), nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Open(context.Background(), "a"); !errors.Is(err, fail) {
		t.Fatalf("first: %v", err)
	}
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			if _, err := r.Open(context.Background(), "a"); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if n := calls.Load(); n != 2 {
		t.Errorf("opened %d times, want 2", n)
	}
}

func TestFraction(t *testing.T) {
	for _, tc := range []struct {
		e    Event
		want float64
	}{
		{Event{Stage: StageParse}, 0},
		{Event{Step: 5, Total: 10}, 0.5},
		{Event{Step: 5, Total: 10, Part: 1, Parts: 4}, 0.125},
		{Event{Step: 10, Total: 10, Part: 4, Parts: 4}, 1},
		{Event{Step: 99, Total: 10, Part: 9, Parts: 4}, 1},
		{Event{Step: -1, Total: 10, Parts: 4}, 0},
	} {
		if got := tc.e.Fraction(); got != tc.want {
			t.Errorf("%+v: %v, want %v", tc.e, got, tc.want)
		}
	}
}

// The prompt is written by one package and read by the other.
func TestTemplateIsReadable(t *testing.T) {
	p := pawfile.Program{Template: pseudo.Template("[PSEUDO_PROGRAM]\nTask: x\n[END_PSEUDO_PROGRAM]")}
	if want := "[PSEUDO_PROGRAM]\nTask: x\n[END_PSEUDO_PROGRAM]\n\n[INPUT]\n"; p.Prefix() != want {
		t.Errorf("prefix %q", p.Prefix())
	}
	if want := "\n[END_INPUT]"; p.Suffix() != want {
		t.Errorf("suffix %q", p.Suffix())
	}
}
