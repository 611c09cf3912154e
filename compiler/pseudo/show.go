package pseudo

// longInput is the length in bytes from which an example is shown only if
// nothing shorter has its label: it would push others out of the prompt.
const longInput = 240

// Show chooses at most n examples for the prompt and returns their indices, the
// most useful first (PseudoProgram drops from the end). The choice is
// deterministic and balanced: the first example of every label, in the order of
// the labels, then the second of every label, and so on. Without labels every
// distinct output counts as one.
func Show(examples []Example, labels []string, n int) []int {
	var order []string
	groups := map[string][]int{}
	for _, l := range labels {
		if _, ok := groups[l]; !ok {
			groups[l] = nil
			order = append(order, l)
		}
	}
	add := func(long bool) {
		for i, e := range examples {
			if (len(e.Input)+len(e.Output) > longInput) != long {
				continue
			}
			if _, ok := groups[e.Output]; !ok {
				order = append(order, e.Output)
			}
			groups[e.Output] = append(groups[e.Output], i)
		}
	}
	add(false)
	add(true)
	var out []int
	for round := 0; len(out) < min(n, len(examples)); round++ {
		for _, l := range order {
			if g := groups[l]; round < len(g) && len(out) < n {
				out = append(out, g[round])
			}
		}
	}
	return out
}
