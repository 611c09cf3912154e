package finetune

import (
	"bytes"
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"runtime"
	"testing"

	"paw/gguf"
)

// lesson is a task a tiny model can learn: the answer depends on one token of
// the input, the prefix and everything else is noise.
func lesson(cases int) []Group {
	r := rand.New(rand.NewPCG(11, 12))
	const eos = 0
	g := Group{Prefix: randomTokens(r, tiny.Vocab, 30)}
	for i := range cases {
		tokens := randomTokens(r, tiny.Vocab, 6)
		key := int32(50 + i%2)
		tokens[2] = key
		g.Cases = append(g.Cases, Case{Tokens: append(tokens, 10+key, eos), Targets: 2})
	}
	return []Group{g}
}

func train(t *testing.T, m *Model, groups []Group, opt Options) *Adapter {
	t.Helper()
	a, err := m.Train(t.Context(), groups, opt, nil)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func loss(t *testing.T, m *Model, groups []Group, a *Adapter) float64 {
	t.Helper()
	l, err := m.Loss(t.Context(), groups, a)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestTrainingLearnsAndSurvivesRounding(t *testing.T) {
	m := loadRandom(t, tiny, gguf.Q8_0, 1)
	groups := lesson(24)
	base := loss(t, m, groups, nil)
	for _, steps := range []int{20, 60} {
		var first, last float64
		a, err := m.Train(t.Context(), groups, Options{Steps: steps, LR: 3e-3, Seed: 1}, func(step int, l float64) {
			if step == 1 {
				first = l
			}
			last = l
		})
		if err != nil {
			t.Fatal(err)
		}
		if math.Abs(first-base) > 1e-3*base {
			t.Errorf("the first step saw loss %.4f, the base alone has %.4f", first, base)
		}
		rounded, err := a.Rounded()
		if err != nil {
			t.Fatal(err)
		}
		exact, q4 := loss(t, m, groups, a), loss(t, m, groups, rounded)
		t.Logf("%d steps, loss: base %.3f, trained %.4f (last step %.4f), rounded to Q4_0 %.4f", steps, base, exact, last, q4)
		if exact > 0.05*base {
			t.Errorf("%d steps: loss went from %.3f to %.3f only", steps, base, exact)
		}
		if q4 > 1.1*exact+0.01 {
			t.Errorf("%d steps: rounding moves the loss from %.4f to %.4f", steps, exact, q4)
		}
	}
}

func TestOneSeedOneAdapter(t *testing.T) {
	m := loadRandom(t, tiny, gguf.F32, 1)
	for name, opt := range map[string]Options{
		"whole":   {Steps: 5, LR: 1e-2, Seed: 3},
		"sampled": {Steps: 9, LR: 1e-2, Seed: 3, CasesPerStep: 5, BatchTokens: 60, Decay: 0.01},
	} {
		t.Run(name, func(t *testing.T) {
			make1 := func(opt Options) []byte {
				data, err := train(t, m, lesson(12), opt).GGUF(tiny)
				if err != nil {
					t.Fatal(err)
				}
				return data
			}
			one, two := make1(opt), make1(opt)
			if !bytes.Equal(one, two) {
				t.Error("the same seed gave two adapters")
			}
			procs := runtime.GOMAXPROCS(1)
			serial := make1(opt)
			runtime.GOMAXPROCS(procs)
			if !bytes.Equal(one, serial) {
				t.Error("one goroutine gave another adapter than several")
			}
			opt.Seed++
			if bytes.Equal(one, make1(opt)) {
				t.Error("another seed gave the same adapter")
			}
		})
	}
}

func TestMicroBatchesGiveTheSameStep(t *testing.T) {
	m := loadRandom(t, tiny, gguf.F32, 1)
	opt := Options{Steps: 3, LR: 1e-3, Seed: 3}
	whole := train(t, m, randomGroups(tiny), opt)
	opt.BatchTokens = 80
	if d := distance(train(t, m, randomGroups(tiny), opt), whole); d > 1e-3 {
		t.Errorf("adapters differ by %.2g of their size", d)
	}
}

func TestZeroStepsGiveAZeroAdapter(t *testing.T) {
	m := loadRandom(t, tiny, gguf.F32, 1)
	for name, a := range map[string]*Adapter{
		"no steps": train(t, m, lesson(2), Options{}),
		"no cases": train(t, m, []Group{{Prefix: []int32{1}}}, Options{Steps: 10}),
		"nothing":  train(t, m, nil, Options{Steps: 10}),
	} {
		for _, v := range a.flat {
			if v != 0 {
				t.Fatalf("%s: %g in a zero adapter", name, v)
			}
		}
	}
}

func TestWarmStart(t *testing.T) {
	m := loadRandom(t, tiny, gguf.F32, 1)
	groups := lesson(8)
	first := train(t, m, groups, Options{Steps: 40, LR: 5e-3})
	before := first.Clone()
	var seen float64
	second, err := m.Train(t.Context(), groups, Options{Steps: 1, WarmStart: first}, func(_ int, l float64) { seen = l })
	if err != nil {
		t.Fatal(err)
	}
	if want := loss(t, m, groups, first); math.Abs(seen-want) > 1e-3+0.01*want {
		t.Errorf("started at loss %.4f, the warm start has %.4f", seen, want)
	}
	if distance(first, before) != 0 || distance(second, before) == 0 {
		t.Error("the warm start was trained in place, or not at all")
	}
	if _, err := m.Train(t.Context(), groups, Options{Steps: 1, WarmStart: first, Rank: 64}, nil); err == nil {
		t.Error("a warm start of another rank was taken")
	}
	other := tiny
	other.FFN = 128
	if _, err := m.Train(t.Context(), groups, Options{Steps: 1, WarmStart: NewAdapter(other, 32, 16)}, nil); err == nil {
		t.Error("a warm start for another base was taken")
	}
	if _, err := m.Loss(t.Context(), groups, NewAdapter(other, 32, 16)); err == nil {
		t.Error("the loss of an adapter for another base was measured")
	}
}

func TestCancel(t *testing.T) {
	m := loadRandom(t, tiny, gguf.F32, 1)
	ctx, cancel := context.WithCancel(t.Context())
	steps := 0
	_, err := m.Train(ctx, lesson(8), Options{Steps: 1000}, func(step int, _ float64) {
		if steps = step; step == 3 {
			cancel()
		}
	})
	if !errors.Is(err, context.Canceled) || steps != 3 {
		t.Errorf("after cancelling at step 3: %d steps, error %v", steps, err)
	}
	if _, err := m.Loss(ctx, lesson(2), nil); !errors.Is(err, context.Canceled) {
		t.Errorf("Loss after cancelling: %v", err)
	}
}

func TestEvalStops(t *testing.T) {
	m := loadRandom(t, tiny, gguf.F32, 1)
	var at []int
	steps := 0
	_, err := m.Train(t.Context(), lesson(4), Options{Steps: 100, EvalEvery: 2, Eval: func(step int, a *Adapter) bool {
		at = append(at, step)
		return step == 6
	}}, func(step int, _ float64) { steps = step })
	if err != nil || steps != 6 || len(at) != 3 {
		t.Errorf("stopped after %d steps, evaluated at %v, error %v", steps, at, err)
	}
}

func TestBadInputIsRefused(t *testing.T) {
	m := loadRandom(t, tiny, gguf.F32, 1)
	long := make([]int32, tiny.Context)
	for name, groups := range map[string][]Group{
		"token":     {{Prefix: []int32{1}, Cases: []Case{{Tokens: []int32{int32(tiny.Vocab)}, Targets: 1}}}},
		"prefix":    {{Prefix: []int32{-1}, Cases: []Case{{Tokens: []int32{1}, Targets: 1}}}},
		"targets":   {{Prefix: []int32{1}, Cases: []Case{{Tokens: []int32{1}, Targets: 2}}}},
		"none":      {{Prefix: []int32{1}, Cases: []Case{{Tokens: []int32{1}}}}},
		"no prefix": {{Cases: []Case{{Tokens: []int32{1}, Targets: 1}}}},
		"context":   {{Prefix: long, Cases: []Case{{Tokens: []int32{1}, Targets: 1}}}},
		"weight":    {{Prefix: []int32{1}, Cases: []Case{{Tokens: []int32{1}, Targets: 1, Weight: -1}}}},
	} {
		if _, err := m.Train(t.Context(), groups, Options{Steps: 1}, nil); !errors.Is(err, ErrData) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, rank := range []int{-32, 1, 33, 160} {
		if _, err := m.Train(t.Context(), lesson(1), Options{Steps: 1, Rank: rank}, nil); err == nil {
			t.Errorf("rank %d was taken", rank)
		}
	}
	bad := NewAdapter(tiny, 32, float32(math.Inf(1)))
	bad.randomise(tiny, 1)
	if _, err := m.Loss(t.Context(), lesson(1), bad); !errors.Is(err, ErrDiverged) {
		t.Errorf("loss that is not finite: %v", err)
	}
}
