// Package pseudo reads a specification written by a person and writes the
// pseudo-program that an interpreter reads in its prompt.
//
// Parse finds three things in free text: the task, the labels when the text
// names the possible answers, and the Input:/Output: examples. It follows fixed
// rules and calls no model, so the same text always gives the same result, in
// time linear in its length. It is cautious: a list is taken for labels only
// when the text says so or the examples agree, because a wrong list of labels
// would forbid right answers while a missing one only leaves them unconstrained.
//
// The package knows the layout of the prompt (see PseudoProgram and Template)
// but no tokenizer and no model.
package pseudo

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Length of a specification, in characters (Unicode code points).
const (
	MinLength = 10
	MaxLength = 16000
)

// Errors of Parse. They come wrapped with the position and a hint.
var (
	ErrTooShort = errors.New("specification too short")
	ErrTooLong  = errors.New("specification too long")
	ErrExample  = errors.New("incomplete example")
)

// Example is one input with the output the program should give.
type Example struct {
	Input, Output string
}

// Spec is a parsed specification.
type Spec struct {
	Text string // the specification: "\n" newlines, valid UTF-8, no control characters
	Task string // the instructions on one line, without the examples

	// Labels are the possible answers in the order they are listed, or nil if
	// the answer is free text. They are verbatim: no change of case.
	Labels         []string
	LabelsInferred bool // the labels come from repeating outputs, not from a list

	JSON    bool   // every answer is a JSON object or list
	Pattern string // every answer matches it as a whole (package pattern); empty: the text states none

	Examples []Example
	Warnings []string // what the writer probably wants to correct, one sentence each
}

// Parse reads a specification.
func Parse(spec string) (Spec, error) {
	text := clean(spec)
	if n := utf8.RuneCountInString(text); n < MinLength {
		return Spec{}, fmt.Errorf("%w: %d characters, at least %d are needed: say in a sentence what the program should do", ErrTooShort, n, MinLength)
	}
	// The length of what was sent counts, so that padding is not free.
	if n := utf8.RuneCountInString(spec); n > MaxLength {
		return Spec{}, fmt.Errorf("%w: %d characters, at most %d are allowed: shorten the instructions or give fewer examples", ErrTooLong, n, MaxLength)
	}
	doc, err := readExamples(strings.Split(text, "\n"))
	if err != nil {
		return Spec{}, err
	}
	s := Spec{Text: text}
	stated := statedPatterns(strings.Join(doc.text(), "\n"))
	found := findLabels(doc.withoutPatterns(stated))
	asked := asksJSON(strings.Join(doc.text(), "\n"))
	if asked && len(doc.pairs) == 0 && !slices.ContainsFunc(found.labels, namesJSON) {
		found = foundLabels{} // keys, or what one of them may hold
	}
	s.Labels, s.LabelsInferred, s.Warnings = found.labels, found.inferred, slices.Concat(found.warnings, doc.warnings)
	for _, p := range doc.pairs {
		s.Examples = append(s.Examples, p.Example)
	}
	s.Task = strings.Join(strings.Fields(strings.Join(doc.text(), " ")), " ")
	if s.Task == "" {
		s.Task = defaultTask
	}
	if len(s.Labels) == 0 {
		var warning string
		if s.Pattern, warning = answerPattern(s, stated); warning != "" {
			s.Warnings = append(s.Warnings, warning)
		}
	}
	s.JSON = s.Pattern == "" && wantsJSON(s, asked)
	s.Warnings = append(s.Warnings, doc.conflicts()...)
	return s, nil
}

// defaultTask stands in when a specification consists of examples only.
const defaultTask = "Give the output for the input, as in the examples."

// clean normalises newlines, replaces invalid UTF-8 and drops what cannot be
// seen: control characters, byte order marks and the zero-width characters that
// could hide a marker from the eye.
func clean(s string) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	s = strings.ReplaceAll(s, "\r\n", "\n")
	s = strings.Map(func(r rune) rune {
		switch r {
		case '\n', '\t':
			return r
		case '\r', '\u0085', '\u2028', '\u2029':
			return '\n'
		case '\uFEFF', '\u200B', '\u2060':
			return -1
		}
		if unicode.IsControl(r) {
			return -1
		}
		return r
	}, s)
	return strings.TrimSpace(s)
}

// plainSpaces turns no-break, wide and thin spaces into ordinary ones. Examples
// keep theirs: what an input holds or an output needs is not for the parser to say.
func plainSpaces(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Zs, r) {
			return ' '
		}
		return r
	}, s)
}
