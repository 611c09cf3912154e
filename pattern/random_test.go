package pattern

import (
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"
)

// randomExpr writes an expression of the subset over a small alphabet, so that random texts often match.
func randomExpr(r *rand.Rand, depth int) string {
	atoms := []string{"a", "b", "1", "é", "日", "🙂", " ", "-", `\d`, `\D`, `\w`, `\W`, `\s`, `\S`, ".", "[ab]", "[^a]", "[a-c1]", "[é-日]", `[^\w]`, `[\d-]`, `[^\Wa]`, `\.`, `\/`, `\n`, `[]b]`, "}", `\{`}
	if depth == 0 {
		return atoms[r.IntN(len(atoms))]
	}
	switch r.IntN(7) {
	case 0, 1:
		return atoms[r.IntN(len(atoms))]
	case 2, 3:
		return randomExpr(r, depth-1) + randomExpr(r, depth-1)
	case 4:
		return "(" + randomExpr(r, depth-1) + "|" + randomExpr(r, depth-1) + ")"
	case 5:
		return "(?:" + randomExpr(r, depth-1) + "|)"
	}
	return "(" + randomExpr(r, depth-1) + ")" + []string{"*", "+", "?", "{2}", "{1,2}", "{2,}", "{0,3}", "*?", "+?"}[r.IntN(9)]
}

var letters = []string{"a", "b", "c", "1", "é", "日", "🙂", " ", "-", ".", "/", "\n", "]", "}", "{", "\xff", "\xe6", "\x97"}

func randomText(r *rand.Rand) string {
	var b strings.Builder
	for range r.IntN(7) {
		b.WriteString(letters[r.IntN(len(letters))])
	}
	return b.String()
}

// check holds a text against Go's regexp: it is a match or not, and exactly what is alive can be completed.
func check(t *testing.T, p *Pattern, want *regexp.Regexp, text string) {
	t.Helper()
	s, n := p.Start(), 0
	for n < len(text) {
		after := s
		if !after.Feed([]byte{text[n]}) {
			break
		}
		s = after
		n++
	}
	matches := utf8.ValidString(text) && want.MatchString(text)
	if got := n == len(text) && s.Whole(); got != matches {
		t.Fatalf("%q: %q matches: %v, regexp says %v", p, text, got, matches)
	}
	taken := text[:n]
	rest := s.Rest()
	whole := taken + rest
	if !utf8.ValidString(whole) || !want.MatchString(whole) || !p.Match(whole) {
		t.Fatalf("%q: %q is completed to %q, which is no match", p, taken, whole)
	}
	if again := s.Rest(); rest != again || s.Whole() != (rest == "") {
		t.Fatalf("%q: %q is whole: %v, and its rest %q, then %q", p, taken, s.Whole(), rest, again)
	}
	if s.Closed() {
		for c := range 256 {
			if after := s; after.Feed([]byte{byte(c)}) {
				t.Fatalf("%q: %q is closed and goes on with %q", p, taken, byte(c))
			}
		}
	}
}

func TestRandomPatternsAgainstRegexp(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	patterns, matched := 4000, 0
	if testing.Short() {
		patterns = 500
	}
	for range patterns {
		expr := randomExpr(r, 4)
		p, err := Compile(expr)
		if err != nil {
			t.Fatalf("%q: %v", expr, err)
		}
		want := same(t, expr)
		start := p.Start()
		texts := []string{"", start.Rest()}
		for range 12 {
			texts = append(texts, randomText(r))
		}
		for _, text := range texts {
			check(t, p, want, text)
			if p.Match(text) {
				matched++
			}
		}
		shortest(t, p, want)
	}
	if matched < 2*patterns {
		t.Errorf("only %d matches: the texts say little", matched)
	}
}

// shortest asks that no text of up to three letters matches and is shorter than the completion of the empty one.
func shortest(t *testing.T, p *Pattern, want *regexp.Regexp) {
	t.Helper()
	start := p.Start()
	rest := start.Rest()
	for i := range len(letters) * len(letters) {
		text := letters[i%len(letters)] + letters[i/len(letters)]
		if utf8.ValidString(text) && len(text) < len(rest) && want.MatchString(text) {
			t.Fatalf("%q: %q matches, and is shorter than %q", p, text, rest)
		}
	}
}

// Whatever compiles means what it means to Go's regexp.
func FuzzCompile(f *testing.F) {
	for _, expr := range []string{`^\d{4}-\d{2}$`, `[^]a-c\d]+?|x{2,3}`, `(?:é|[à-ÿ])*\.`, `a{`, `(?i)a`, `[z-a]`, `(a`, `\`, `a{1000}{2}`, `^a|b$`} {
		f.Add(expr, "a1b")
	}
	f.Fuzz(func(t *testing.T, expr, text string) {
		p, err := Compile(expr)
		if err != nil {
			return
		}
		want, err := regexp.Compile(`^(?:` + expr + `)$`)
		if err != nil {
			if strings.Contains(err.Error(), "expression nests too deeply") || strings.Contains(err.Error(), "invalid repeat count") {
				return // limits of its own
			}
			t.Fatalf("%q is taken, but not by regexp: %v", expr, err)
		}
		check(t, p, want, text[:min(len(text), 64)])
	})
}

// A text is followed the same way however it is cut, and a completion is always a match.
func FuzzFeed(f *testing.F) {
	exprs := []string{`\d{4}-\d{2}-\d{2}`, `(?:[A-Z]{3}-\d+|none)`, `.*é.{2,5}`, `([^a-z\s]+ ?)*!`, `"(\\.|[^"\\])*"`}
	for i := range exprs {
		f.Add(uint8(i), "2026-1", uint8(3))
		f.Add(uint8(i), "ABC-日\xe6", uint8(5))
		f.Add(uint8(i), `"é\"`, uint8(2))
	}
	f.Fuzz(func(t *testing.T, which uint8, text string, cut uint8) {
		expr := exprs[int(which)%len(exprs)]
		p, err := Compile(expr)
		if err != nil {
			t.Fatal(err)
		}
		text = text[:min(len(text), 256)]
		check(t, p, same(t, expr), text)
		n := min(int(cut), len(text))
		whole, head := p.Start(), p.Start()
		alive := whole.Feed([]byte(text))
		if !head.Feed([]byte(text[:n])) {
			if alive {
				t.Fatalf("%q is alive, its start %q is not", text, text[:n])
			}
			return
		}
		if second := head.Feed([]byte(text[n:])); second != alive || alive && head != whole {
			t.Fatalf("%q cut at %d goes another way", text, n)
		}
	})
}
