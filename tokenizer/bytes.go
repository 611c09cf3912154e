package tokenizer

import (
	"strings"
	"unicode/utf8"
)

// A byte-level vocabulary writes every byte as one printable rune: printable Latin-1 bytes as
// themselves, the others as U+0100 and up, in order.
var byteRunes = func() (r [256]rune) {
	next := rune(256)
	for b := range 256 {
		if printable(b) {
			r[b] = rune(b)
		} else {
			r[b] = next
			next++
		}
	}
	return r
}()

func printable(b int) bool {
	return b >= '!' && b <= '~' || b >= 0xa1 && b <= 0xac || b >= 0xae && b <= 0xff
}

var runeBytes = func() map[rune]byte {
	m := map[rune]byte{}
	for b, r := range byteRunes {
		m[r] = byte(b)
	}
	return m
}()

func fromRunes(s string) ([]byte, bool) {
	b := make([]byte, 0, len(s))
	for _, r := range s {
		c, ok := runeBytes[r]
		if !ok {
			return nil, false
		}
		b = append(b, c)
	}
	return b, true
}

// FromMerges builds a vocabulary from the text of a vocab.bpe file: the bytes in GPT-2's order
// (printable ones first), then one token a merge.
func FromMerges(vocabBPE string) (tokens []string, types []int32, merges []string, err error) {
	for i, line := range strings.Split(vocabBPE, "\n") {
		line = strings.TrimRight(line, "\r")
		if line == "" || i == 0 && strings.HasPrefix(line, "#version") {
			continue
		}
		merges = append(merges, line)
	}
	tokens, types, merges = ByteVocabulary(merges...)
	if len(merges) == 0 {
		return nil, nil, nil, fail("no merges in the vocabulary file")
	}
	return tokens, types, merges, nil
}

// ByteVocabulary is the 256 bytes and one token for every merge "a b".
func ByteVocabulary(merges ...string) (tokens []string, types []int32, pairs []string) {
	for _, want := range []bool{true, false} {
		for b := range 256 {
			if printable(b) == want {
				tokens = append(tokens, string(byteRunes[b]))
			}
		}
	}
	for _, m := range merges {
		tokens = append(tokens, strings.Replace(m, " ", "", 1))
	}
	for range tokens {
		types = append(types, TypeNormal)
	}
	return tokens, types, merges
}

// Text is b with every maximal ill-formed part replaced by U+FFFD, as the Unicode standard recommends
// and as Python's errors="replace" does.
func Text(b []byte) string {
	if utf8.Valid(b) {
		return string(b)
	}
	var out strings.Builder
	for len(b) > 0 {
		r, n := utf8.DecodeRune(b)
		if r == utf8.RuneError && n == 1 {
			n = illFormed(b)
		}
		out.WriteRune(r)
		b = b[n:]
	}
	return out.String()
}

// illFormed is the length of the longest start of b that could begin a character, at least 1.
func illFormed(b []byte) int {
	need, low, high := 0, byte(0x80), byte(0xbf)
	switch c := b[0]; {
	case c >= 0xc2 && c <= 0xdf:
		need = 1
	case c >= 0xe0 && c <= 0xef:
		need = 2
		if c == 0xe0 {
			low = 0xa0
		} else if c == 0xed {
			high = 0x9f
		}
	case c >= 0xf0 && c <= 0xf4:
		need = 3
		if c == 0xf0 {
			low = 0x90
		} else if c == 0xf4 {
			high = 0x8f
		}
	}
	n := 1
	for n <= need && n < len(b) && b[n] >= low && b[n] <= high {
		n++
		low, high = 0x80, 0xbf
	}
	return n
}
