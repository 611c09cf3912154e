// Package pattern follows a text byte by byte and tells whether it can still become a match of a regular
// expression, and what is the shortest way there. Matches are of the whole text, which must be UTF-8.
//
// The syntax is a part of RE2's, and means what it means there:
//
//	x             the character itself, also beyond ASCII
//	.             any character but a new line
//	[a-z_] [^0-9] a character of the class, or one that is not
//	\d \w \s      a digit, a letter, digit or underscore of ASCII, white space; \D \W \S are the others
//	\t \n \r \f \v \. \/ \\ …  the character; every ASCII punctuation mark can be escaped
//	(…) (?:…)     a group, for what stands behind or for |
//	xy x|y        one after the other, one or the other
//	x* x+ x? x{3} x{2,4} x{2,}  that often; a ? behind these is read and changes nothing
//	^ $           at the beginning and the end, where they change nothing
//
// All else is refused. A compiled pattern is a small graph that is walked on all ways at once, so that no
// pattern makes a text cost more than the graph's size for every character. (Package regexp says nothing about
// texts that are not finished, and is too large for the browser's module.)
package pattern

import (
	"errors"
	"fmt"
	"unicode/utf8"
)

// Limits of a pattern.
const (
	MaxLength = 512  // bytes
	maxRepeat = 1000 // of a counted repetition
	maxNodes  = 4096 // of the graph, where counted repetitions are written out
)

// ErrPattern says that a pattern cannot be used. It comes wrapped with the place and what to write instead.
var ErrPattern = errors.New("pattern: unusable regular expression")

// Pattern is a compiled expression. It never changes.
type Pattern struct {
	expr    string
	classes []class
	best    []cheapest // of each class: looked for once
	nodes   []node     // the first is the end of a match
	start   uint16
	words   int // of a set of nodes
}

// Compile reads an expression.
func Compile(expr string) (*Pattern, error) {
	if len(expr) > MaxLength {
		return nil, fmt.Errorf("%w: it has %d bytes, at most %d are possible: shorten it", ErrPattern, len(expr), MaxLength)
	}
	if !utf8.ValidString(expr) {
		return nil, fmt.Errorf("%w: it is no UTF-8 text", ErrPattern)
	}
	r := reader{expr: expr}
	tree := r.alternatives(0)
	if r.wrong != "" {
		return nil, fmt.Errorf("%w: at byte %d of %q: %s", ErrPattern, r.place+1, expr, r.wrong)
	}
	p := &Pattern{expr: expr, classes: r.classes}
	for _, c := range p.classes {
		p.best = append(p.best, c.choose(0, utf8.MaxRune))
	}
	b := builder{Pattern: p}
	if p.start = b.build(tree, b.add(node{class: end})); b.full {
		return nil, fmt.Errorf("%w: %q counts too far, it has more than %d places: lower the counts in {}", ErrPattern, expr, maxNodes)
	}
	if p.nodes[p.start].rest == never {
		return nil, fmt.Errorf("%w: %q matches no text at all: correct its classes in []", ErrPattern, expr)
	}
	p.words = (len(p.nodes) + 63) / 64
	return p, nil
}

// String is the expression.
func (p *Pattern) String() string { return p.expr }

// Match tells whether a whole text is a match.
func (p *Pattern) Match(text string) bool {
	s := p.Start()
	return s.Feed([]byte(text)) && s.Whole()
}
