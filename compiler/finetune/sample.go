package finetune

import (
	"errors"
	"math/rand/v2"
	"slices"
)

// sampler deals the cases of each step. With all cases in every step the plan
// is made once.
type sampler struct {
	groups []Group
	refs   []ref
	size   int // cases per step
	budget int
	rand   *rand.Rand
	deck   []ref // what is left of the current pass
	all    []*batch
}

var errNoCases = errors.New("finetune: no cases")

func newSampler(groups []Group, opt Options) sampler {
	s := sampler{groups: groups, refs: allRefs(groups), size: opt.CasesPerStep, budget: opt.BatchTokens,
		rand: rand.New(rand.NewPCG(opt.Seed, 0x5041572d6465636b))} // "PAW-deck"
	if s.size <= 0 || s.size >= len(s.refs) {
		s.all = plan(groups, s.refs, s.budget)
	}
	return s
}

func (s *sampler) next() ([]*batch, error) {
	if len(s.refs) == 0 {
		return nil, errNoCases
	}
	if s.all != nil {
		return s.all, nil
	}
	hand := make([]ref, 0, s.size)
	for len(hand) < s.size {
		if len(s.deck) == 0 {
			s.deck = slices.Clone(s.refs)
			s.rand.Shuffle(len(s.deck), func(i, j int) { s.deck[i], s.deck[j] = s.deck[j], s.deck[i] })
		}
		n := min(s.size-len(hand), len(s.deck))
		hand = append(hand, s.deck[:n]...)
		s.deck = s.deck[n:]
	}
	slices.SortFunc(hand, func(a, b ref) int {
		if a.group != b.group {
			return a.group - b.group
		}
		return a.index - b.index
	})
	return plan(s.groups, hand, s.budget), nil
}
