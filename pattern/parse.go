package pattern

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// kind of a tree.
type kind byte

const (
	sequence  kind = iota // parts, one after the other; without any: nothing
	character             // one of a class
	choice                // of parts
	repeat                // of parts[0]
)

// tree is an expression as it was read.
type tree struct {
	kind     kind
	parts    []*tree
	class    int // in reader.classes
	min, max int // of a repeat; max is -1 where there is none
}

// reader walks over an expression.
type reader struct {
	expr    string
	at      int
	classes []class

	wrong string // what is refused, and what to write instead; empty: nothing is
	place int    // where
}

// fail keeps what was refused first, and ends the reading.
func (r *reader) fail(place int, wrong string) {
	if r.wrong == "" {
		r.wrong, r.place = wrong, place
	}
	r.at = len(r.expr)
}

func (r *reader) next(c byte) bool { return r.at < len(r.expr) && r.expr[r.at] == c }

func (r *reader) take(c byte) bool {
	if r.next(c) {
		r.at++
		return true
	}
	return false
}

// alternatives reads up to the end of the expression or of its group.
func (r *reader) alternatives(depth int) *tree {
	out := &tree{kind: choice}
	for more := true; more; more = r.take('|') {
		out.parts = append(out.parts, r.sequence(depth))
	}
	if depth == 0 && r.next(')') {
		r.fail(r.at, `a ) without its (: write \) for the character`)
	}
	return out
}

func (r *reader) sequence(depth int) *tree {
	out := &tree{}
	if depth == 0 {
		r.take('^')
	}
	for r.at < len(r.expr) && r.expr[r.at] != '|' && r.expr[r.at] != ')' {
		if depth == 0 && r.next('$') && (r.at+1 == len(r.expr) || r.expr[r.at+1] == '|') {
			r.at++
			break
		}
		out.parts = append(out.parts, r.repeated(r.atom(depth)))
	}
	return out
}

// atom reads what a quantifier may follow.
func (r *reader) atom(depth int) *tree {
	var c class
	switch first := r.expr[r.at]; first {
	case '(':
		return r.group(depth)
	case '[':
		c = r.brackets()
	case '.':
		r.at++
		c = class{{'\n', '\n'}}.others()
	case '^', '$', '{', '*', '+', '?':
		why := "nothing stands before "
		switch first {
		case '^':
			why = "only the beginning may have "
		case '$':
			why = "only the end may have "
		case '{':
			why = "no count is "
		}
		r.fail(r.at, why+r.expr[r.at:r.at+1]+`: write \`+r.expr[r.at:r.at+1]+" for the character")
	default:
		c = r.member()
	}
	r.classes = append(r.classes, c.writable())
	return &tree{kind: character, class: len(r.classes) - 1}
}

func (r *reader) group(depth int) *tree {
	opened := r.at
	r.at++
	if r.take('?') && !r.take(':') {
		wrong := "flags are not supported: leave them out, and write both cases as in [Aa]"
		switch rest := r.expr[r.at:] + "  "; {
		case rest[0] == '=' || rest[0] == '!' || rest[0] == '<' && (rest[1] == '=' || rest[1] == '!'):
			wrong = "look-around is not supported: describe the whole text without it"
		case rest[0] == '<' || rest[0] == 'P':
			wrong = "groups have no names: write (…)"
		}
		r.fail(opened, wrong)
	}
	out := r.alternatives(depth + 1)
	if !r.take(')') {
		r.fail(opened, `the group does not end: write ) behind it, or \( for the character`)
	}
	return out
}

// repeated reads a quantifier, if one follows.
func (r *reader) repeated(part *tree) *tree {
	out := &tree{kind: repeat, parts: []*tree{part}, max: -1}
	switch {
	case r.take('*'):
	case r.take('+'):
		out.min = 1
	case r.take('?'):
		out.max = 1
	case r.next('{'):
		r.count(out)
	default:
		return part
	}
	r.take('?') // as few as possible: the whole text is matched, so that it changes nothing
	if r.at < len(r.expr) && strings.IndexByte("*+?{", r.expr[r.at]) >= 0 {
		r.fail(r.at, "a quantifier stands behind another: put the first and what it repeats into (?:…)")
	}
	return out
}

// count reads {m}, {m,} or {m,n}.
func (r *reader) count(out *tree) {
	opened := r.at
	r.at++
	out.min = r.number()
	out.max = out.min
	if r.take(',') {
		out.max = -1
		if !r.next('}') {
			out.max = r.number()
		}
	}
	switch {
	case out.min < 0 || out.max < -1 || !r.take('}'):
		r.fail(opened, `no count is {: write {3}, {2,} or {2,4}, or \{ for the character`)
	case max(out.min, out.max) > maxRepeat:
		r.fail(opened, "at most "+strconv.Itoa(maxRepeat)+" repetitions can be counted: write a lower number, or +")
	case out.max >= 0 && out.max < out.min:
		r.fail(opened, "the count goes down: write the lower number first")
	}
}

// number reads digits; a large number is just too large, and without any it is -2.
func (r *reader) number() int {
	n := -2
	for ; r.at < len(r.expr) && '0' <= r.expr[r.at] && r.expr[r.at] <= '9'; r.at++ {
		n = min(max(n, 0)*10+int(r.expr[r.at]-'0'), maxRepeat+1)
	}
	return n
}

// member reads a character, or what is escaped.
func (r *reader) member() class {
	if r.next('\\') {
		return r.escape()
	}
	c, n := utf8.DecodeRuneInString(r.expr[r.at:])
	r.at += n
	return class{{c, c}}
}

// escape reads what stands behind a backslash: a class, or one character.
func (r *reader) escape() class {
	if r.at++; r.at == len(r.expr) {
		r.fail(r.at-1, `a backslash ends it: write \\ for the character`)
		return nil
	}
	c := rune(r.expr[r.at])
	i := strings.IndexByte("dwsDWStnrfv", byte(c))
	var wrong string
	switch {
	case 0 <= i && i < 6:
		r.at++
		if out := escaped[i%3]; i < 3 {
			return out
		}
		return escaped[i%3].others()
	case i >= 0:
		c = rune("\t\n\r\f\v"[i-6])
	case '1' <= c && c <= '9':
		wrong = "back-references are not supported: write the group's pattern again"
	case strings.IndexByte("bBAzZ", byte(c)) >= 0:
		wrong = "it is not supported: leave it out, for the whole text is matched"
	case c == 'p' || c == 'P':
		wrong = "it is not supported: write the characters, as in [a-zà-ÿ]"
	case c >= utf8.RuneSelf || c != '_' && escaped[1].meets(c, c):
		wrong = "it is no escape: write the character itself"
	}
	if wrong != "" {
		r.fail(r.at-1, wrong)
		return nil
	}
	r.at++
	return class{{c, c}}
}

// brackets reads a class in [].
func (r *reader) brackets() class {
	opened := r.at
	r.at++
	negated := r.take('^')
	var c class
	for first := true; first || !r.next(']'); first = false {
		from := r.at
		if from == len(r.expr) {
			r.fail(opened, `the class does not end: write ] behind it, or \[ for the character`)
			return nil
		}
		if strings.HasPrefix(r.expr[from:], "[:") {
			r.fail(from, `classes have no names: write the ranges, as in a-z, or \[ for the character`)
			return nil
		}
		lo := r.member()
		if r.next('-') && r.at+1 < len(r.expr) && r.expr[r.at+1] != ']' && lo.single() {
			r.at++
			hi := r.member()
			if !hi.single() || hi[0].lo < lo[0].lo {
				r.fail(from, `the range ends before it begins: turn it round, or write \- for the character`)
				return nil
			}
			lo = class{{lo[0].lo, hi[0].lo}}
		}
		for _, s := range lo {
			c = c.with(s.lo, s.hi)
		}
	}
	r.at++
	if negated {
		c = c.others()
	}
	return c
}
