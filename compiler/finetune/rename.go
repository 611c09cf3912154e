package finetune

import (
	"encoding/json"
	"math/rand/v2"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"paw/compiler/pseudo"
	"paw/pattern"
	"paw/tokenizer"
)

// A few examples tell which words an answer takes over from its input, but a training on them alone learns
// the words. Renaming makes more of them: whatever stands in the input and the output of an example, a word
// or a number, is replaced by another in both, in the same case. The new word begins with the same letter and
// is about as long, so that what hangs on order or length mostly stays true.

// Renamed variants of an example at most, and the number of examples that are enough without: 12 have two variants
// each, 25 none. (On 60 rewriting programs that the mini had never seen 27.9 % of 480 cases were right without
// variants, 29.8 % with one, 30.2 % with three.)
const mostVariants, enough = 3, 24

// renaming gives what to train beside the targets of a program that has n examples in all. Labelled programs get
// nothing: their answers are not taken from the input. Nor do those of larger interpreters, where every case
// costs tenths of a second a step and the gain was not measured. It begins anew at every call, so that a program does
// not hang on what was trained before it.
func (j *job) renaming(n int) func(targets []pseudo.Example) []pseudo.Example {
	each := min(enough/n, mostVariants)
	if each == 0 || len(j.spec.Labels) > 0 || j.base.Engine.Geometry().Width > smallWidth {
		return func([]pseudo.Example) []pseudo.Example { return nil }
	}
	r := newRenamer(wholeWords(j.base.Engine.Tokenizer()), 1)
	allowed := j.allowed()
	return func(targets []pseudo.Example) (out []pseudo.Example) {
		for _, e := range targets {
			out = append(out, r.variants(e, each)...)
		}
		return slices.DeleteFunc(out, func(e pseudo.Example) bool { return !allowed(e.Output) })
	}
}

// allowed tells which outputs the program's declared form lets through: no other may be taught.
func (j *job) allowed() func(output string) bool {
	if p, err := pattern.Compile(j.spec.Pattern); j.spec.Pattern != "" && err == nil {
		return p.Match
	}
	return func(output string) bool { return !j.spec.JSON || json.Valid([]byte(output)) }
}

// renamer makes variants of examples.
type renamer struct {
	byInitial map[byte][]string // lower-case words
	rand      *rand.Rand
}

const shortestRenamed = 2 // letters

// newRenamer chooses among words, lower case.
func newRenamer(words []string, seed uint64) *renamer {
	r := &renamer{byInitial: map[byte][]string{}, rand: rand.New(rand.NewPCG(seed, 0x72656e616d65))} // "rename"
	for _, w := range words {
		r.byInitial[w[0]] = append(r.byInitial[w[0]], w)
	}
	return r
}

// wholeWords are the words that an interpreter reads as one token: a to z, lower case.
func wholeWords(t *tokenizer.Tokenizer) []string {
	var out []string
	for id := range int32(t.Size()) {
		if t.IsControl(id) {
			continue
		}
		w, ok := strings.CutPrefix(string(t.Bytes(id)), " ")
		if ok && len(w) >= shortestRenamed && !strings.ContainsFunc(w, func(c rune) bool { return c < 'a' || c > 'z' }) {
			out = append(out, w)
		}
	}
	return out
}

// variants are up to n renamed copies of an example, none where input and output share nothing.
func (r *renamer) variants(e pseudo.Example, n int) []pseudo.Example {
	in, out := pieces(e.Input), pieces(e.Output)
	shared := map[string]bool{}
	for _, p := range out {
		if p.renamable() && slices.ContainsFunc(in, func(q piece) bool { return q.key() == p.key() }) {
			shared[p.key()] = true
		}
	}
	if len(shared) == 0 {
		return nil
	}
	var result []pseudo.Example
	for range n {
		names := map[string]string{}
		for _, p := range in { // in the order of the text: a map has none
			if key := p.key(); shared[key] && names[key] == "" {
				names[key] = r.other(key)
			}
		}
		result = append(result, pseudo.Example{Input: renamed(in, names), Output: renamed(out, names)})
	}
	return result
}

// other is a word or number like key; key itself where there is none.
func (r *renamer) other(key string) string {
	if isDigit(rune(key[0])) {
		digits := []byte(key)
		for i := range digits {
			if i == 0 && len(digits) > 1 {
				digits[i] = byte('1' + r.rand.IntN(9))
			} else {
				digits[i] = byte('0' + r.rand.IntN(10))
			}
		}
		return string(digits)
	}
	var like []string
	for _, w := range r.byInitial[key[0]] {
		if d := len(w) - len(key); -2 <= d && d <= 2 && w != key {
			like = append(like, w)
		}
	}
	if len(like) == 0 {
		return key
	}
	return like[r.rand.IntN(len(like))]
}

// piece is a run of letters, of digits, or of anything else.
type piece string

func (p piece) key() string { return strings.ToLower(string(p)) }

func (p piece) renamable() bool {
	c, _ := utf8.DecodeRuneInString(string(p))
	return isDigit(c) || unicode.IsLetter(c) && utf8.RuneCountInString(string(p)) >= shortestRenamed
}

func isDigit(c rune) bool { return '0' <= c && c <= '9' }

func pieces(s string) []piece {
	kind := func(c rune) int {
		switch {
		case unicode.IsLetter(c):
			return 1
		case isDigit(c):
			return 2
		}
		return 0
	}
	var out []piece
	start, last := 0, -1
	for i, c := range s {
		if k := kind(c); k != last {
			if i > start {
				out = append(out, piece(s[start:i]))
			}
			start, last = i, k
		}
	}
	if start < len(s) {
		out = append(out, piece(s[start:]))
	}
	return out
}

// renamed writes the pieces with the new names, each in the case of the word that it replaces.
func renamed(parts []piece, names map[string]string) string {
	var b strings.Builder
	for _, p := range parts {
		name := names[p.key()]
		if name == "" || name == p.key() {
			b.WriteString(string(p))
			continue
		}
		s := string(p)
		first, size := utf8.DecodeRuneInString(s)
		switch {
		case s == strings.ToUpper(s) && utf8.RuneCountInString(s) > 1:
			name = strings.ToUpper(name)
		case unicode.IsUpper(first) && s[size:] == strings.ToLower(s[size:]):
			name = strings.ToUpper(name[:1]) + name[1:]
		}
		b.WriteString(name)
	}
	return b.String()
}
