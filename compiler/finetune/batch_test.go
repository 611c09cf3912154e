package finetune

import (
	"math/rand/v2"
	"testing"

	"paw/gguf"
)

func TestPlanKeepsTheBudget(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for range 200 {
		var groups []Group
		for range 1 + r.IntN(4) {
			g := Group{Prefix: make([]int32, 1+r.IntN(60))}
			for range r.IntN(8) {
				g.Cases = append(g.Cases, Case{Tokens: make([]int32, 1+r.IntN(30)), Targets: 1})
			}
			groups = append(groups, g)
		}
		budget := 20 + r.IntN(200)
		seen := map[ref]int{}
		for _, b := range plan(groups, allRefs(groups), budget) {
			cases, rows := 0, 0
			for _, p := range b.parts {
				cases += len(p.cases)
				rows += p.prefix + p.caseRows
			}
			if len(b.tokens) > budget && cases > 1 {
				t.Fatalf("%d rows in a batch of %d cases, budget %d", len(b.tokens), cases, budget)
			}
			if rows != len(b.tokens) || rows != len(b.positions) {
				t.Fatalf("parts have %d rows, the batch %d", rows, len(b.tokens))
			}
			for _, target := range b.targets {
				seen[target.ref]++
			}
		}
		for _, r := range allRefs(groups) {
			if seen[r] != 1 {
				t.Fatalf("case %v planned %d times", r, seen[r])
			}
		}
	}
}

// A group that fits is not split: each part would compute the prefix again.
func TestPlanKeepsGroupsTogether(t *testing.T) {
	c := Case{Tokens: make([]int32, 11), Targets: 1} // 10 rows
	groups := []Group{
		{Prefix: make([]int32, 20), Cases: []Case{c}},
		{Prefix: make([]int32, 50), Cases: []Case{c, c, c}},
	}
	if got := plan(groups, allRefs(groups), 100); len(got) != 2 || len(got[1].parts) != 1 {
		t.Errorf("%d batches for two groups of 30 and 80 rows within 100", len(got))
	}
	if got := plan(groups, allRefs(groups), 110); len(got) != 1 || len(got[0].parts) != 2 {
		t.Errorf("%d batches for two groups of 30 and 80 rows within 110", len(got))
	}
}

// The memory of a training is that of its largest micro-batch, however many
// cases there are.
func TestMemoryDependsOnBatchTokens(t *testing.T) {
	m := loadRandom(t, tiny, gguf.F32, 1)
	size := func(cases, budget int) int {
		var opt Options
		if err := opt.setDefaults(); err != nil {
			t.Fatal(err)
		}
		opt.Steps, opt.BatchTokens = 1, budget
		tr := m.newTrainer(lesson(cases), opt, NewAdapter(tiny, opt.Rank, opt.Alpha))
		if _, err := tr.step(t.Context(), 1); err != nil {
			t.Fatal(err)
		}
		return len(tr.ws.arena.data)
	}
	few, many := size(40, 120), size(200, 120)
	if few != many {
		t.Errorf("%d floats for 40 cases, %d for 200, in batches of 120 rows", few, many)
	}
	if whole := size(200, 10000); whole < 5*many {
		t.Errorf("%d floats in one batch, %d in small ones", whole, many)
	}
}

func TestSamplerDealsEveryCase(t *testing.T) {
	groups := randomGroups(tiny)
	s := newSampler(groups, Options{CasesPerStep: 3, BatchTokens: 1000, Seed: 1})
	seen := map[ref]bool{}
	for range 3 { // 7 cases, 3 a step
		batches, err := s.next()
		if err != nil {
			t.Fatal(err)
		}
		for _, b := range batches {
			for _, target := range b.targets {
				seen[target.ref] = true
			}
		}
	}
	if len(seen) != 7 {
		t.Errorf("%d of 7 cases seen in a pass", len(seen))
	}
}
