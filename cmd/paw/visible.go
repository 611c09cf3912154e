package main

import (
	"fmt"
	"io"
	"strings"
	"unicode"
)

// visible is text of a stranger that a terminal shows and does not obey: control characters but newline
// and tab, and those that turn the direction of text, are written as \u001b. In JSON that means the
// same character.
func visible(s string) string {
	clean := strings.ToValidUTF8(s, "\uFFFD")
	if !strings.ContainsFunc(clean, obeyed) {
		return clean
	}
	var b strings.Builder
	for _, r := range clean {
		if obeyed(r) {
			fmt.Fprintf(&b, `\u%04x`, r)
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

func obeyed(r rune) bool {
	return unicode.IsControl(r) && r != '\n' && r != '\t' || unicode.Is(unicode.Bidi_Control, r)
}

// plain makes what is written visible. Every Write is whole text, as fmt and encoding/json do it.
type plain struct{ io.Writer }

func (p plain) Write(b []byte) (int, error) {
	if _, err := io.WriteString(p.Writer, visible(string(b))); err != nil {
		return 0, err
	}
	return len(b), nil
}
