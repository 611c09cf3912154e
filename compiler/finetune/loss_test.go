package finetune

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"testing"

	"paw/gguf"
)

// Questions are cases with one target, however they are cut into batches.
func TestNextProbabilitiesAreThoseOfCases(t *testing.T) {
	m := loadRandom(t, tiny, gguf.Q8_0, 1)
	r := rand.New(rand.NewPCG(8, 9))
	prefix := randomTokens(r, tiny.Vocab, 40)
	var questions []Question
	group, rows := Group{Prefix: prefix}, 0
	for i := range 100 {
		q := Question{randomTokens(r, tiny.Vocab, 1+i%30), randomTokens(r, tiny.Vocab, 1+i%4)}
		questions, rows = append(questions, q), rows+len(q.Tokens)
		for _, next := range q.Next {
			group.Cases = append(group.Cases, q.with(next))
		}
	}
	if rows <= defaultBatchTokens {
		t.Fatalf("%d rows are one batch: nothing is cut", rows)
	}
	for name, a := range map[string]*Adapter{"bare": nil, "adapter": randomAdapter(tiny, 32)} {
		got, err := m.NextProbabilities(t.Context(), prefix, questions, a)
		if err != nil {
			t.Fatal(err)
		}
		want, err := m.CaseLosses(t.Context(), []Group{group}, a)
		if err != nil {
			t.Fatal(err)
		}
		at := 0
		for i, q := range questions {
			for k := range q.Next {
				if p := math.Exp(-want[0][at]); math.Abs(got[i][k]-p) > 1e-5 {
					t.Errorf("%s: question %d, token %d: %v, as a case %v", name, i, k, got[i][k], p)
				}
				at++
			}
		}
	}
}

func TestNextProbabilitiesRefuse(t *testing.T) {
	m := loadRandom(t, tiny, gguf.Q8_0, 1)
	fine := []int32{1}
	for name, q := range map[string]Question{
		"no text": {nil, fine}, "nothing may follow": {fine, nil}, "an unknown token": {fine, []int32{int32(tiny.Vocab)}}, "a long text": {make([]int32, tiny.Context), fine},
	} {
		if _, err := m.NextProbabilities(t.Context(), fine, []Question{{fine, fine}, q}, nil); !errors.Is(err, ErrData) {
			t.Errorf("%s: %v", name, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := m.NextProbabilities(ctx, fine, []Question{{fine, fine}}, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}
