package finetune

import (
	"context"
	"fmt"
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
	rank := 0
	if a != nil {
		rank = a.Rank
		if err := a.fits(m.geo); err != nil {
			return nil, err
		}
	}
	losses := make([][]float64, len(groups))
	for i, g := range groups {
		losses[i] = make([]float64, len(g.Cases))
	}
	batches := plan(groups, allRefs(groups), defaultBatchTokens)
	ws := m.newWorkspace(batches, rank, false)
	for _, b := range batches {
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("finetune: %w", err)
		}
		m.layout(ws, b)
		m.forward(ws, b, a)
		m.score(ws, b, 1, false)
		if _, err := ws.sum(b); err != nil {
			return nil, err
		}
		for i, t := range b.targets {
			losses[t.ref.group][t.ref.index] += ws.losses[i]
		}
	}
	return losses, nil
}
