package pattern

import (
	"strconv"
	"unicode/utf8"
)

// span is a range of characters, both ends included.
type span struct{ lo, hi rune }

// class is a set of characters: spans in order that neither overlap nor touch.
type class []span

const (
	surrogateMin = 0xD800 // up to surrogateMax are numbers that UTF-8 does not write
	surrogateMax = 0xDFFF
)

// escaped are the classes of \d, \w and \s.
var escaped = [...]class{
	{{'0', '9'}},
	{{'0', '9'}, {'A', 'Z'}, {'_', '_'}, {'a', 'z'}},
	{{'\t', '\n'}, {'\f', '\r'}, {' ', ' '}},
}

// with is c and a span.
func (c class) with(lo, hi rune) class {
	out := make(class, 0, len(c)+1)
	i := 0
	for ; i < len(c) && c[i].hi < lo-1; i++ {
		out = append(out, c[i])
	}
	for ; i < len(c) && c[i].lo <= hi+1; i++ {
		lo, hi = min(lo, c[i].lo), max(hi, c[i].hi)
	}
	return append(append(out, span{lo, hi}), c[i:]...)
}

// others are all characters that c does not have.
func (c class) others() class {
	var out class
	from := rune(0)
	for _, s := range c {
		if from < s.lo {
			out = append(out, span{from, s.lo - 1})
		}
		from = s.hi + 1
	}
	if from <= utf8.MaxRune {
		out = append(out, span{from, utf8.MaxRune})
	}
	return out
}

// writable leaves out what UTF-8 does not write.
func (c class) writable() class { return c.others().with(surrogateMin, surrogateMax).others() }

// at is the first span that ends at r or behind it; len(c) if none does.
func (c class) at(r rune) int {
	lo, hi := 0, len(c)
	for lo < hi {
		if mid := (lo + hi) / 2; c[mid].hi < r {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return lo
}

// meets tells whether c has a character from lo to hi.
func (c class) meets(lo, hi rune) bool {
	i := c.at(lo)
	return i < len(c) && c[i].lo <= hi
}

// preferred are the characters that complete a text best: they are seen, and mean little.
var preferred = []span{{'0', '9'}, {'a', 'z'}, {'A', 'Z'}, {'!', '/'}, {':', '@'}, {'[', '`'}, {'{', '~'}, {' ', ' '}}

// pick is the best character of c from lo to hi, of those with the fewest bytes. c has one there.
func (c class) pick(lo, hi rune) (best rune, printable bool) {
	for _, s := range preferred {
		if f, t := max(s.lo, lo), min(s.hi, hi); f <= t && c.meets(f, t) {
			return max(f, c[c.at(f)].lo), true
		}
	}
	const tries = 64 // of a span: one without anything that can be seen is not looked through
	first := max(lo, c[c.at(lo)].lo)
	for i := c.at(lo); i < len(c) && c[i].lo <= hi; i++ {
		from := max(lo, c[i].lo)
		for r := from; r <= min(hi, c[i].hi, from+tries) && utf8.RuneLen(r) == utf8.RuneLen(first); r++ {
			if strconv.IsPrint(r) {
				return r, true
			}
		}
	}
	return first, false
}

// single tells whether c is one character.
func (c class) single() bool { return len(c) == 1 && c[0].lo == c[0].hi }
