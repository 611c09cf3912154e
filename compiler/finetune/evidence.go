package finetune

import (
	"paw/compiler/pseudo"
	"paw/compiler/report"
)

// An example that the prompt shows is never a training or evaluation target of that prompt: the
// interpreter would only have to copy it.

// prompted is one prompt and the examples that are trained behind it.
type prompted struct {
	shown   []pseudo.Example
	targets []pseudo.Example
}

// division says how a program's examples are divided between its prompt and its training.
type division struct {
	show  int // examples in a prompt
	few   int // up to so many, each is trained behind prompts that leave it out,
	parts int // in so many parts
}

// promptGroups splits a program's examples when its prompt shows some of them. Showing none, all train. With many,
// the shown ones are fixed and the rest train. With few, the examples are cut into parts, and each part is trained
// behind a prompt that shows only the others, so that none is wasted.
func promptGroups(examples []pseudo.Example, labels []string, d division) []prompted {
	n := len(examples)
	if n == 0 {
		return nil
	}
	if n == 1 || d.show == 0 {
		return []prompted{{targets: examples}}
	}
	if n > d.few {
		shown, rest := split(examples, pseudo.Show(examples, labels, d.show))
		return []prompted{{shown, rest}}
	}
	var out []prompted
	for _, held := range report.Folds(n, min(n, d.parts), 1, outputs(examples)) {
		part, others := split(examples, held)
		shown, _ := split(others, pseudo.Show(others, labels, d.show))
		out = append(out, prompted{shown, part})
	}
	return out
}

// shownAtRunTime are the examples in the finished program's prompt.
func shownAtRunTime(examples []pseudo.Example, labels []string, show int) []pseudo.Example {
	if show == 0 {
		return nil
	}
	shown, _ := split(examples, pseudo.Show(examples, labels, show))
	return shown
}

// split returns the examples at the given indices and the others, both in order.
func split(examples []pseudo.Example, indices []int) (picked, rest []pseudo.Example) {
	in := map[int]bool{}
	for _, i := range indices {
		in[i] = true
	}
	for i, e := range examples {
		if in[i] {
			picked = append(picked, e)
		} else {
			rest = append(rest, e)
		}
	}
	return picked, rest
}

func outputs(examples []pseudo.Example) []string {
	out := make([]string, len(examples))
	for i, e := range examples {
		out[i] = e.Output
	}
	return out
}
