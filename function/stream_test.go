package function

import (
	"strings"
	"testing"
	"unicode/utf8"
)

// A text may be cut after any byte: what was told is never taken back and ends as the trimmed whole.
func TestPiecesJoinToTheOutput(t *testing.T) {
	for _, whole := range []string{"", "  ", " two words ", "später 日本語 🙂 ", "\n\ta \xff\xfe b\xff", "🙂🙂", "\xf0\x9f\x99"} {
		var pieces []string
		s := stream{tell: func(p string) { pieces = append(pieces, p) }}
		for n := range len(whole) { // also inside characters
			s.upTo(new(anyText).answer(settled(strings.ToValidUTF8(whole[:n], "\uFFFD"))))
		}
		want := strings.TrimSpace(strings.ToValidUTF8(whole, "\uFFFD"))
		s.upTo(want)
		if got := strings.Join(pieces, ""); got != want {
			t.Errorf("%q came as %q, want %q", whole, pieces, want)
		}
		for _, p := range pieces {
			if p == "" || !utf8.ValidString(p) {
				t.Errorf("%q has the piece %q", whole, p)
			}
		}
	}
}
