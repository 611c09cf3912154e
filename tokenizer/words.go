package tokenizer

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// class of a rune, as the pre-tokenisation rules see it.
type class int

const (
	letter class = iota
	digit
	space
	other // punctuation, symbols, marks, and bytes that are no UTF-8
)

func classify(s string) (class, int) {
	r, n := utf8.DecodeRuneInString(s)
	switch {
	case r < utf8.RuneSelf:
		switch {
		case r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z':
			return letter, n
		case r >= '0' && r <= '9':
			return digit, n
		case r == ' ' || r >= '\t' && r <= '\r':
			return space, n
		}
		return other, n
	case r == utf8.RuneError && n == 1:
		return other, n
	case unicode.IsLetter(r):
		return letter, n
	case unicode.IsNumber(r):
		return digit, n
	case unicode.IsSpace(r):
		return space, n
	}
	return other, n
}

// run is the length of the leading runes of one class.
func run(s string, c class) int {
	n := 0
	for n < len(s) {
		k, size := classify(s[n:])
		if k != c {
			break
		}
		n += size
	}
	return n
}

var contractions = []string{"'s", "'t", "'re", "'ve", "'m", "'ll", "'d"}

// cutGPT2 is the length of the first word by GPT-2's rule:
//
//	's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
func cutGPT2(s string) int {
	if s[0] == '\'' {
		for _, c := range contractions {
			if strings.HasPrefix(s, c) {
				return len(c)
			}
		}
	}
	lead := 0
	if s[0] == ' ' {
		lead = 1
	}
	if lead < len(s) {
		if c, _ := classify(s[lead:]); c != space {
			return lead + run(s[lead:], c)
		}
	}
	return cutSpaces(s)
}

// cutSpaces is \s+(?!\S)|\s+: all leading white space, less its last rune when a word follows.
func cutSpaces(s string) int {
	n := run(s, space)
	if n == len(s) {
		return n
	}
	_, last := utf8.DecodeLastRuneInString(s[:n])
	if n > last {
		return n - last
	}
	return n
}

// cutQwen2 is the length of the first word by Qwen2's rule:
//
//	(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+
func cutQwen2(s string) int {
	if s[0] == '\'' {
		for _, c := range contractions {
			if len(s) >= len(c) && strings.EqualFold(s[:len(c)], c) {
				return len(c)
			}
		}
		// (?i:'s) also matches the long s, which folds to s.
		if strings.HasPrefix(s[1:], "ſ") {
			return 1 + len("ſ")
		}
	}
	c, n := classify(s)
	switch {
	case c == letter:
		return run(s, letter)
	case c == digit:
		return n
	case s[0] != '\r' && s[0] != '\n':
		if letters := run(s[n:], letter); letters > 0 {
			return n + letters
		}
	}
	lead := 0
	if s[0] == ' ' {
		lead = 1
	}
	if n := run(s[lead:], other); n > 0 {
		n += lead
		for n < len(s) && (s[n] == '\r' || s[n] == '\n') {
			n++
		}
		return n
	}
	spaces := run(s, space)
	if last := strings.LastIndexAny(s[:spaces], "\r\n"); last >= 0 {
		return last + 1
	}
	return cutSpaces(s)
}
