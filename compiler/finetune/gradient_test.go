package finetune

import (
	"math"
	"math/rand/v2"
	"testing"

	"paw/gguf"
)

// objective is Σ weight·loss over all cases, in float64, and its gradient.
func objective(t *testing.T, m *Model, groups []Group, a *Adapter, budget int, grad *Adapter) float64 {
	t.Helper()
	batches := plan(groups, allRefs(groups), budget)
	ws := m.newWorkspace(batches, a.Rank, true)
	var total float64
	for _, b := range batches {
		if grad != nil {
			sum, err := m.gradients(ws, b, a, grad, 1)
			if err != nil {
				t.Fatal(err)
			}
			total += sum
			continue
		}
		m.layout(ws, b)
		m.forward(ws, b, a)
		m.score(ws, b, 1, false)
		sum, err := ws.sum(b)
		if err != nil {
			t.Fatal(err)
		}
		total += sum
	}
	return total
}

// Every pair of every layer against central differences, along random
// directions (which test all its numbers at once) and at single numbers.
func TestGradientsMatchFiniteDifferences(t *testing.T) {
	m := loadRandom(t, tiny, gguf.F32, 1)
	groups := randomGroups(tiny)
	a := randomAdapter(tiny, 32)
	grad := NewAdapter(tiny, 32, 16)
	objective(t, m, groups, a, 1024, grad)
	r := rand.New(rand.NewPCG(8, 9))
	check := func(what string, x, g []float32, direction []float32, h float64) {
		t.Helper()
		old := append([]float32(nil), x...)
		var want float64
		at := func(h float64) float64 {
			for i := range x {
				x[i] = old[i] + float32(h)*direction[i]
			}
			return objective(t, m, groups, a, 1024, nil)
		}
		for i, d := range direction {
			want += float64(g[i]) * float64(d)
		}
		got := (at(h) - at(-h)) / (2 * h)
		copy(x, old)
		if d := math.Abs(got - want); d > 2e-2*math.Abs(want)+2e-2 {
			t.Errorf("%s: difference quotient %.5f, gradient %.5f", what, got, want)
		}
	}
	a.each(tiny, func(name string, p Pair, _, _ int) {
		i := indexOf(a, p)
		for _, part := range []struct {
			name string
			x, g []float32
		}{{"A", p.A, grad.Pairs[i].A}, {"B", p.B, grad.Pairs[i].B}} {
			direction := make([]float32, len(part.x))
			for j := range direction {
				direction[j] = float32(1 - 2*r.IntN(2))
			}
			check(name+" "+part.name, part.x, part.g, direction, 5e-4)
			clear(direction)
			// The steepest number: large enough to be seen in float32.
			best := 0
			for j, v := range part.g {
				if math.Abs(float64(v)) > math.Abs(float64(part.g[best])) {
					best = j
				}
			}
			direction[best] = 1
			check(name+" "+part.name+" (one)", part.x, part.g, direction, 1e-2)
		}
	})
}

func indexOf(a *Adapter, p Pair) int {
	for i := range a.Pairs {
		if &a.Pairs[i].A[0] == &p.A[0] {
			return i
		}
	}
	return -1
}

// A case alone, with the prefix as part of its tokens, must cost what it costs
// behind a shared prefix; and so must every micro-batching.
func TestSharedPrefixEqualsUnshared(t *testing.T) {
	m := loadRandom(t, tiny, gguf.F32, 1)
	groups, a := randomGroups(tiny), randomAdapter(tiny, 32)
	var alone []Group
	for _, g := range groups {
		for _, c := range g.Cases {
			tokens := append(append([]int32(nil), g.Prefix...), c.Tokens...)
			alone = append(alone, Group{Cases: []Case{{Tokens: tokens, Targets: c.Targets, Weight: c.Weight}}})
		}
	}
	want := NewAdapter(tiny, 32, 16)
	wantLoss := objective(t, m, alone, a, 1, want)
	for _, budget := range []int{1, 90, 1000} {
		got := NewAdapter(tiny, 32, 16)
		loss := objective(t, m, groups, a, budget, got)
		if math.Abs(loss-wantLoss) > 1e-4*wantLoss {
			t.Errorf("budget %d: loss %.6f, unshared %.6f", budget, loss, wantLoss)
		}
		if d := distance(got, want); d > 1e-4 {
			t.Errorf("budget %d: gradients differ by %.2g of their size", budget, d)
		}
	}
	// The loss without a backward pass keeps one layer's state only.
	mean, err := m.Loss(t.Context(), groups, a)
	if err != nil {
		t.Fatal(err)
	}
	var weight float64
	for _, g := range groups {
		for _, c := range g.Cases {
			weight += float64(c.weight()) * float64(c.Targets)
		}
	}
	if math.Abs(mean*weight-wantLoss) > 1e-4*wantLoss {
		t.Errorf("Loss says %.6f, training %.6f", mean*weight, wantLoss)
	}
}

// distance is |a−b| / |b|.
func distance(a, b *Adapter) float64 {
	var d, s float64
	for i, v := range b.flat {
		d += float64(a.flat[i]-v) * float64(a.flat[i]-v)
		s += float64(v) * float64(v)
	}
	return math.Sqrt(d / s)
}
