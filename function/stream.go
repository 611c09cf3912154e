package function

import "strings"

// stream tells an output in pieces.
type stream struct {
	tell func(string) // nil: nobody listens
	sent int          // bytes told so far
}

// upTo tells what text adds to what was told before.
func (s *stream) upTo(text string) {
	if s.tell != nil && len(text) > s.sent {
		s.tell(text[s.sent:])
		s.sent = len(text)
	}
}

// settled is the part of a growing text that no later token changes: a token may end inside a character, which
// reads as U+FFFD until the rest arrives.
func settled(text string) string { return strings.TrimRight(text, "\uFFFD") }
