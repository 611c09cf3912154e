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

const (
	fewer    = 12 // up to here every example is trained behind prompts that leave it out
	maxParts = 4
)

// promptGroups splits a program's examples when its prompt shows up to `show` of them. Showing none,
// all train. With more than twelve, the shown ones are fixed and the rest train. With fewer, the
// examples are cut into parts, and each part is trained behind a prompt that shows only the others,
// so that none is wasted.
func promptGroups(examples []pseudo.Example, labels []string, show int) []prompted {
	n := len(examples)
	if n == 0 {
		return nil
	}
	if n == 1 || show == 0 {
		return []prompted{{targets: examples}}
	}
	if n > fewer {
		shown, rest := split(examples, pseudo.Show(examples, labels, show))
		return []prompted{{shown, rest}}
	}
	var out []prompted
	for _, held := range report.Folds(n, min(n, maxParts), 1, outputs(examples)) {
		part, others := split(examples, held)
		shown, _ := split(others, pseudo.Show(others, labels, show))
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
