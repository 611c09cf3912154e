package pseudo

import (
	"regexp"
	"strings"
	"unicode/utf8"
)

// Budget of the prompt, in tokens of the interpreter.
const (
	MaxTokens      = 250 // the whole pseudo-program
	MaxTaskTokens  = 120
	MaxLabelTokens = 100 // a longer list of labels is left out; it still limits the answers
	MaxShown       = 6   // examples
)

// Placeholder stands for the input in a prompt template.
const Placeholder = "{INPUT_PLACEHOLDER}"

// PseudoProgram renders what the interpreter reads: task, labels and the
// examples to show.
//
//	[PSEUDO_PROGRAM]
//	Task: …
//	Labels: a, b
//
//	Examples:
//	Input: …
//	Output: …
//	[END_PSEUDO_PROGRAM]
//
// The line of labels and the block of examples are there only when there are
// any. count tells the tokens of a text; the last examples are dropped until the
// result has at most MaxTokens. A nil count means no limit.
//
// Text of the specification that looks like a marker is escaped, so a
// specification cannot end its own prompt.
func (s Spec) PseudoProgram(shown []Example, count func(string) int) string {
	task, labels := escape(s.Task), escape(strings.Join(s.Labels, ", "))
	if count != nil {
		task = cut(task, MaxTaskTokens, count)
		if labels != "" && count(labels) > MaxLabelTokens {
			labels = ""
		}
	}
	shown = shown[:min(len(shown), MaxShown)]
	for {
		p := render(task, labels, shown)
		if len(shown) == 0 || count == nil || count(p) <= MaxTokens {
			return p
		}
		shown = shown[:len(shown)-1]
	}
}

// SpecText is the specification as a neural compiler reads it before the
// pseudo-program: the task as it was written, then all examples in the canonical
// notation, between markers and escaped. It comes in two parts so that a reader
// with little room can cut the end of the first.
//
//	[SPEC]
//	task
//
//	Input: …
//	Output: …
//	[END_SPEC]
func (s Spec) SpecText(examples []Example) (text, end string) {
	var b strings.Builder
	b.WriteString(s.Task)
	for i, e := range examples {
		if i == 0 {
			b.WriteString("\n")
		}
		b.WriteString("\nInput: ")
		b.WriteString(e.Input)
		b.WriteString("\nOutput: ")
		b.WriteString(e.Output)
	}
	return "[SPEC]\n" + escape(b.String()), "\n[END_SPEC]\n\n"
}

func render(task, labels string, shown []Example) string {
	var b strings.Builder
	b.WriteString("[PSEUDO_PROGRAM]\nTask: ")
	b.WriteString(task)
	if labels != "" {
		b.WriteString("\nLabels: ")
		b.WriteString(labels)
	}
	if len(shown) > 0 {
		b.WriteString("\n\nExamples:")
		for _, e := range shown {
			b.WriteString("\nInput: ")
			b.WriteString(escape(e.Input))
			b.WriteString("\nOutput: ")
			b.WriteString(escape(e.Output))
		}
	}
	b.WriteString("\n[END_PSEUDO_PROGRAM]")
	return b.String()
}

// Template wraps a pseudo-program into the prompt template: no newline at the
// end, the placeholder exactly once.
func Template(pseudo string) string {
	return pseudo + "\n\n[INPUT]\n" + Placeholder + "\n[END_INPUT]"
}

var (
	bracketMarker = regexp.MustCompile(`\[((?:END_)?(?:PSEUDO_PROGRAM|INPUT|SPEC))\]`)
	angleMarker   = regexp.MustCompile(`<\|([A-Za-z0-9_]+)\|>`)
	braceMarker   = regexp.MustCompile(`\{(INPUT_PLACEHOLDER)\}`)
)

// escape makes the markers of the prompt and the control tokens of known
// vocabularies ordinary text, readable as before: "[INPUT]" → "[ INPUT ]".
func escape(s string) string {
	s = bracketMarker.ReplaceAllString(s, "[ $1 ]")
	s = angleMarker.ReplaceAllString(s, "< |$1| >")
	return braceMarker.ReplaceAllString(s, "{ $1 }")
}

// cut shortens text to about n tokens, at the end of a word where there is one.
func cut(s string, n int, count func(string) int) string {
	if count(s) <= n {
		return s
	}
	lo, hi := 0, len(s) // count(s[:lo]) ≤ n < count(s[:hi])
	for hi-lo > 1 {
		mid := (lo + hi) / 2
		for mid > lo && !utf8.RuneStart(s[mid]) {
			mid--
		}
		if mid == lo {
			break // one character of several bytes
		}
		if count(s[:mid]) <= n {
			lo = mid
		} else {
			hi = mid
		}
	}
	if sp := strings.LastIndexByte(s[:lo], ' '); sp > 0 {
		return strings.TrimRight(s[:sp], " ,;:-")
	}
	return s[:lo]
}
