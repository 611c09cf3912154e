package finetune

import (
	"context"
	"fmt"
	"math"
)

// Loss is the mean negative log-likelihood per target token, weighted by case.
// A nil adapter measures the base.
func (m *Model) Loss(ctx context.Context, groups []Group, a *Adapter) (float64, error) {
	losses, err := m.CaseLosses(ctx, groups, a)
	if err != nil {
		return 0, err
	}
	var sum, weight float64
	for i, g := range groups {
		for j, c := range g.Cases {
			sum += float64(c.weight()) * losses[i][j]
			weight += float64(c.weight()) * float64(c.Targets)
		}
	}
	if weight == 0 {
		return 0, fmt.Errorf("finetune: no cases to measure: %w", ErrData)
	}
	return sum / weight, nil
}

// CaseLosses is the negative log-likelihood of each case, summed over its
// targets: −log P(target | prefix, input). Weights play no part.
func (m *Model) CaseLosses(ctx context.Context, groups []Group, a *Adapter) ([][]float64, error) {
	if err := checkGroups(m.geo, groups); err != nil {
		return nil, err
	}
	losses := make([][]float64, len(groups))
	for i, g := range groups {
		losses[i] = make([]float64, len(g.Cases))
	}
	tell := func(r ref, loss float64) { losses[r.group][r.index] += loss }
	if err := m.measure(ctx, plan(groups, allRefs(groups), defaultBatchTokens), a, tell); err != nil {
		return nil, err
	}
	return losses, nil
}

// measure runs batches without gradients and tells the negative log-likelihood of every target.
func (m *Model) measure(ctx context.Context, batches []*batch, a *Adapter, tell func(r ref, loss float64)) error {
	rank := 0
	if a != nil {
		if err := a.fits(m.geo); err != nil {
			return err
		}
		rank = a.Rank
	}
	ws := m.newWorkspace(batches, rank, false)
	for _, b := range batches {
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("finetune: %w", err)
		}
		m.layout(ws, b)
		m.forward(ws, b, a)
		m.score(ws, b, 1, false)
		if _, err := ws.sum(b); err != nil {
			return err
		}
		for i, t := range b.targets {
			tell(t.ref, ws.losses[i])
		}
	}
	return nil
}

// Question is a text and the tokens that may follow it.
type Question struct {
	Tokens []int32 // after the prefix; at least one
	Next   []int32 // at least one
}

// NextProbabilities is P(token | prefix, tokens) of everything that may follow each question. All questions see the
// prefix, which is computed once for as many as fit into a batch, and none sees another.
func (m *Model) NextProbabilities(ctx context.Context, prefix []int32, questions []Question, a *Adapter) ([][]float64, error) {
	check := Group{Prefix: prefix}
	for i, q := range questions {
		if len(q.Tokens) == 0 || len(q.Next) == 0 {
			return nil, fmt.Errorf("finetune: question %d: %d tokens, %d may follow: %w", i, len(q.Tokens), len(q.Next), ErrData)
		}
		for _, t := range q.Next {
			check.Cases = append(check.Cases, q.with(t))
		}
	}
	if err := checkGroups(m.geo, []Group{check}); err != nil {
		return nil, err
	}
	var batches []*batch
	var b *batch
	out := make([][]float64, len(questions))
	for i, q := range questions {
		if b == nil || len(b.tokens)+len(q.Tokens) > defaultBatchTokens {
			b = &batch{}
			b.addPart(prefix)
			batches = append(batches, b)
		}
		b.addQuestion(q, i)
		out[i] = make([]float64, len(q.Next))
	}
	for _, b := range batches {
		b.finish()
	}
	tell := func(r ref, loss float64) { out[r.group][r.index] = math.Exp(-loss) }
	if err := m.measure(ctx, batches, a, tell); err != nil {
		return nil, err
	}
	return out, nil
}

// with is the question as a case that one token follows.
func (q Question) with(next int32) Case {
	return Case{Tokens: append(q.Tokens[:len(q.Tokens):len(q.Tokens)], next), Targets: 1}
}
