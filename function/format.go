package function

import (
	"strings"

	"paw/pattern"
	"paw/pawfile"
)

// format follows an answer, token by token, and tells whether it can still become what the program promises.
// It never changes.
type format interface {
	// feed is the format behind more text; false: no answer goes on like this.
	feed(text []byte) (format, bool)
	whole() bool  // the text is an answer as it stands
	closed() bool // and nothing but white space can follow
	rest() string // the shortest text that makes it whole
	// answer is what of a text is the answer: interpreters write a space before it. Of a text that begins
	// another, it is the beginning of the other's.
	answer(text string) string
}

// newFormat is what a program declares, before the first token.
func newFormat(m *pawfile.Meta) (format, error) {
	switch m.OutputFormat {
	case pawfile.FormatJSON:
		return &jsonText{}, nil
	case pawfile.FormatRegexp:
		p, err := pattern.Compile(m.OutputPattern)
		if err != nil {
			return nil, err
		}
		return &patternText{match: p.Start()}, nil
	}
	return &anyText{}, nil
}

// anyText holds an answer to nothing.
type anyText struct{}

func (a *anyText) feed([]byte) (format, bool) { return a, true }
func (*anyText) whole() bool                  { return true }
func (*anyText) closed() bool                 { return false }
func (*anyText) rest() string                 { return "" }
func (*anyText) answer(text string) string    { return strings.TrimSpace(text) }

// patternText holds an answer to a pattern. A space before the match is no part of it, as programs are taught
// to write one there; the match itself is not stripped of anything.
type patternText struct {
	match  pattern.State
	begun  bool
	spaced bool // that space was there
}

func (p *patternText) feed(text []byte) (format, bool) {
	if len(text) == 0 {
		return nil, false
	}
	after := *p
	if !p.begun && text[0] == ' ' {
		after.spaced, text = true, text[1:]
	}
	after.begun = true
	alive := after.match.Feed(text)
	return &after, alive
}

func (p *patternText) whole() bool  { return p.match.Whole() }
func (p *patternText) closed() bool { return p.match.Closed() }
func (p *patternText) rest() string { return p.match.Rest() }

func (p *patternText) answer(text string) string {
	if p.spaced {
		return strings.TrimPrefix(text, " ")
	}
	return text
}
