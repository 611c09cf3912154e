package report

import (
	"slices"

	"paw/compiler/pseudo"
)

// Folds splits the indices 0…n-1 into k folds to hold out in turn: every index
// is in exactly one, their sizes differ by at most one, and so do the counts of
// each label (labels[i] is the output of example i; nil: one label). The same
// arguments always give the same folds. k is limited to n: k ≥ n is
// leave-one-out. Less than two folds cannot be held out and give nil.
func Folds(n, k int, seed uint64, labels []string) [][]int {
	k = min(k, n)
	if k < 2 {
		return nil
	}
	var order []string
	groups := map[string][]int{}
	for i := range n {
		l := ""
		if i < len(labels) {
			l = labels[i]
		}
		if _, ok := groups[l]; !ok {
			order = append(order, l)
		}
		groups[l] = append(groups[l], i)
	}
	random := splitMix(seed)
	folds := make([][]int, k)
	next := 0 // dealing goes on from one label to the next, which evens the sizes
	for _, l := range order {
		g := groups[l]
		for i := len(g) - 1; i > 0; i-- {
			j := int(random.next() % uint64(i+1))
			g[i], g[j] = g[j], g[i]
		}
		for _, i := range g {
			folds[next%k] = append(folds[next%k], i)
			next++
		}
	}
	for _, f := range folds {
		slices.Sort(f)
	}
	return folds
}

// splitMix is SplitMix64. The standard library's generators may change their
// shuffles; a report must not change with the Go version.
type splitMix uint64

func (s *splitMix) next() uint64 {
	*s += 0x9e3779b97f4a7c15
	z := uint64(*s)
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// Without returns the items whose index is not held out, in order.
func Without[T any](items []T, held []int) []T {
	out := make([]T, 0, len(items))
	for i, it := range items {
		if !slices.Contains(held, i) {
			out = append(out, it)
		}
	}
	return out
}

// Training returns the examples that may train a fold: those not held out,
// without copies of a held-out input elsewhere in the specification.
func Training(examples []pseudo.Example, held []int) []pseudo.Example {
	hidden := map[string]bool{}
	for _, i := range held {
		hidden[examples[i].Input] = true
	}
	return slices.DeleteFunc(Without(examples, held), func(e pseudo.Example) bool { return hidden[e.Input] })
}

// CrossValidate answers every fold with a predictor fitted on its Training
// examples, and returns the hits by example. Examples in no fold are misses.
func CrossValidate(examples []pseudo.Example, folds [][]int, fit Fit) []bool {
	hits := make([]bool, len(examples))
	for _, held := range folds {
		predict := fit(Training(examples, held))
		for _, i := range held {
			hits[i] = same(predict(examples[i].Input), examples[i].Output)
		}
	}
	return hits
}
