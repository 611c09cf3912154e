package pattern

import (
	"errors"
	"regexp"
	"strings"
	"testing"
	"time"
)

func TestMatches(t *testing.T) {
	for _, c := range []struct {
		expr    string
		yes, no []string
	}{
		{``, []string{""}, []string{"a"}},
		{`abc`, []string{"abc"}, []string{"", "ab", "abcd", "xabc"}},
		{`^\d{4}-\d{2}-\d{2}$`, []string{"2026-01-31"}, []string{"2026-1-31", "2026-01-311", "٢٠٢٦-٠١-٣١"}},
		{`[A-Z]{3}-\d+`, []string{"ABC-1", "XYZ-0042"}, []string{"ABC-", "AB-1", "abc-1"}},
		{`a|bc|`, []string{"a", "bc", ""}, []string{"b", "abc"}},
		{`^a|b$`, []string{"a", "b"}, []string{"ab"}},
		{`(?:ab)*c`, []string{"c", "ababc"}, []string{"abac"}},
		{`(a|b(c|d))+`, []string{"abcbda"}, []string{"", "cb"}},
		{`x{2}`, []string{"xx"}, []string{"x", "xxx"}},
		{`x{2,}`, []string{"xx", "xxxxx"}, []string{"x"}},
		{`x{0,2}y`, []string{"y", "xy", "xxy"}, []string{"xxxy"}},
		{`x{0}`, []string{""}, []string{"x"}},
		{`a+?b??`, []string{"a", "aab"}, []string{"b", "abb"}},
		{`(|a)+(){3}(b?)*`, []string{"", "aa", "abbb"}, []string{"ba"}},
		{`.`, []string{"x", "é", "日", "🙂", "\x00"}, []string{"", "\n", "xx", "\xff", "\xe6\x97", "\xed\xa0\x80", "\xc0\x80", "\xf4\x90\x80\x80", "\xe0\x80\x80"}},
		{`[^a]`, []string{"b", "\n", "é", "🙂"}, []string{"a", "", "\xf0\x9f"}},
		{`[é-ü日]+`, []string{"éü", "日ö"}, []string{"e", "本"}},
		{`grün 🙂?`, []string{"grün ", "grün 🙂"}, []string{"grun "}},
		{`\w\W\s\S\D`, []string{"a- xx", "_é\tü-"}, []string{"é- xx"}},
		{`[\d.,-]+`, []string{"1,200.5-"}, []string{"1 2"}},
		{`[]a]+[^]a]`, []string{"]ab"}, []string{"]]"}},
		{`[^\D5]`, []string{"4"}, []string{"5", "x"}},
		{`[a\-z\]\\]+`, []string{`a-z]\`}, []string{"b"}},
		{`\.\/\$\^\{\}\(\)\[\]\|\*\+\?\-\_`, []string{`./$^{}()[]|*+?-_`}, nil},
		{`}a]`, []string{"}a]"}, nil},
		{`\t\n\r\f\v`, []string{"\t\n\r\f\v"}, nil},
		{`a\?b?`, []string{"a?", "a?b"}, []string{"a"}},
	} {
		p, err := Compile(c.expr)
		if err != nil {
			if c.yes != nil {
				t.Error(err)
			}
			continue
		}
		for _, text := range c.yes {
			if !p.Match(text) {
				t.Errorf("%s does not match %q", c.expr, text)
			}
		}
		for _, text := range c.no {
			if p.Match(text) {
				t.Errorf("%s matches %q", c.expr, text)
			}
		}
		if p.String() != c.expr {
			t.Errorf("%s reads %s", c.expr, p)
		}
	}
}

// What is refused says where, and what to write instead.
func TestRefusals(t *testing.T) {
	for _, c := range []struct{ expr, want string }{
		{`ab(?=c)`, "at byte 3 of"},
		{`(?!a)`, "look-around"},
		{`(?<=a)b`, "look-around"},
		{`(?i)abc`, "[Aa]"},
		{`(?P<year>\d+)`, "write (…)"},
		{`(?<year>\d+)`, "write (…)"},
		{`(a)\1`, "back-references"},
		{`a\b`, "leave it out"},
		{`\Aa`, "leave it out"},
		{`\p{L}`, "[a-zà-ÿ]"},
		{`[[:alpha:]]`, "as in a-z"},
		{`a\q`, "at byte 2 of"},
		{`\q`, "write the character itself"},
		{`\ü`, "write the character itself"},
		{`a\`, `write \\`},
		{`a^b`, `write \^`},
		{`(^a)`, `write \^`},
		{`a$b`, `write \$`},
		{`(a$)`, `write \$`},
		{`*a`, `write \*`},
		{`(+)`, `write \+`},
		{`a|?`, `write \?`},
		{`^*`, `write \*`},
		{`a**`, "behind another"},
		{`a{2}{3}`, "behind another"},
		{`a*+`, "behind another"},
		{`{"a": 1}`, `at byte 1 of "{\"a\": 1}"`},
		{`{"a": 1}`, `write \{`},
		{`a{x}`, `write {3}`},
		{`a{,3}`, `write {3}`},
		{`a{1,2,3}`, `write {3}`},
		{`a{3`, `write {3}`},
		{`a{-1}`, `write {3}`},
		{`a{3,2}`, "the count goes down"},
		{`a{1001}`, "at most 1000"},
		{`a{999999999999999999999}`, "at most 1000"},
		{`(a`, `or \(`},
		{`a)`, `write \)`},
		{`[a`, `or \[`},
		{`[]`, `or \[`},
		{`[^]`, `or \[`},
		{`[z-a]`, "turn it round"},
		{`[a-\d]`, "turn it round"},
		{`[^\d\D]`, "matches no text"},
		{`a[^\s\S]b`, "matches no text"},
		{"a\xff", "no UTF-8"},
		{strings.Repeat("a", MaxLength+1), "513 bytes, at most 512"},
		{`(a{100}){100}`, "lower the counts"},
		{`((((a{1000}){1000}){1000}){1000}){1000}`, "lower the counts"},
		{strings.Repeat("(", 256) + strings.Repeat(")", 255), "does not end"},
	} {
		_, err := Compile(c.expr)
		if !errors.Is(err, ErrPattern) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%.60s: %v, want %s", c.expr, err, c.want)
		}
	}
}

func TestRest(t *testing.T) {
	for _, c := range []struct{ expr, text, want string }{
		{`\d{4}-\d{2}-\d{2}`, "", "0000-00-00"},
		{`\d{4}-\d{2}-\d{2}`, "2026-1", "0-00"},
		{`yes|no`, "", "no"},
		{`cat|dog`, "", "cat"},
		{`cat|dog`, "d", "og"},
		{`[A-Z]{2}-\d+`, "AB-12", ""},
		{`a*b`, "aaa", "b"},
		{`(ab)+`, "aba", "b"},
		{`x.*y`, "x said", "y"},
		{`[^\s\S]|ab`, "", "ab"},
		{`(a[^\s\S]|b)c`, "", "bc"},
		{`[^x]`, "", "0"},
		{`\s`, "", " "},
		{`[\s.]`, "", "."},
		{`\n|a`, "", "a"},
		{`(\n|\r)a|bc`, "", "bc"},
		{`[äöü]`, "", "ä"},
		{`[äöü]`, "\xc3", "\xa4"},
		{`.!`, "\xe6\x97", "\x80!"},
		{`.`, "\xf0", "\x90\x80\x80"},
		{`[^ -~]`, "", "\x00"},
		{"[\u0080-\u00a0é]", "", "é"},
		{`🙂`, "", "🙂"},
		{`日本|日x`, "日", "x"},
		{"[^\x00-\uD7FF\uE000-\U0010FFFE]", "", "\U0010FFFF"}, // surrogates are no characters
	} {
		p, err := Compile(c.expr)
		if err != nil {
			t.Error(err)
			continue
		}
		s := p.Start()
		if !s.Feed([]byte(c.text)) {
			t.Errorf("%s: %q is refused", c.expr, c.text)
			continue
		}
		if got := s.Rest(); got != c.want || !p.Match(c.text+got) {
			t.Errorf("%s: %q goes on with %q, want %q", c.expr, c.text, got, c.want)
		}
		if s.Whole() != (c.want == "") {
			t.Errorf("%s: %q is whole: %v", c.expr, c.text, s.Whole())
		}
	}
}

func TestClosed(t *testing.T) {
	for _, c := range []struct {
		expr, text string
		want       bool
	}{
		{`abc`, "abc", true}, {`abc`, "ab", false}, {`a+`, "a", false}, {`a?`, "a", true}, {`a?`, "", false}, {``, "", true},
		{`\d{2,3}`, "12", false}, {`\d{2,3}`, "123", true}, {`a([^\s\S]b)?`, "a", true}, {`é?`, "\xc3", false},
	} {
		p, err := Compile(c.expr)
		if err != nil {
			t.Fatal(err)
		}
		s := p.Start()
		if s.Feed([]byte(c.text)); s.Closed() != c.want {
			t.Errorf("%s: %q is closed: %v", c.expr, c.text, !c.want)
		}
	}
}

// A state is a value: what is fed to a copy leaves it alone.
func TestStatesAreIndependent(t *testing.T) {
	p, err := Compile(`(ab|ac)*x`)
	if err != nil {
		t.Fatal(err)
	}
	s := p.Start()
	s.Feed([]byte("a"))
	kept := s
	for _, text := range []string{"b", "cab", "z", "bx"} {
		other := s
		other.Feed([]byte(text))
		if s != kept {
			t.Fatalf("%q changes a state", text)
		}
	}
}

// Patterns made to cost much cost little, whatever the text. Go's regexp is no help here: it is slower.
func TestHostilePatterns(t *testing.T) {
	var unseen strings.Builder // ranges of private characters: none of them can be seen
	for r := rune(0xE000); unseen.Len() < 480; r += 0x50 {
		unseen.WriteString(string(r) + "-" + string(r+0x41))
	}
	for _, expr := range []string{
		`(a*)*b`, `(a|a)*b`, `(a+)+$`, `((a?){30}a{30})*`, `(a?){500}a{500}`, `(.*)*x(.*)*y(.*)*z`, `(((((a*)*)*)*)*)*b`, `(|a|b|)*{1,1000}`,
		`(a{0,30}){30}b`, `([^b]{0,1000}){2}`, strings.Repeat(`(a|`, 128) + `b` + strings.Repeat(`)`, 128), strings.Repeat(`.*`, 250),
		strings.Repeat(`(`, 250) + strings.Repeat(`)*`, 170), strings.Repeat("(?:", 100) + "a" + strings.Repeat(")?", 100), `((((((a{2}){2}){2}){2}){2}){2}){2}`,
		`[` + strings.Repeat("acegikmoqsuwy", 30) + `]{1000}`, `([` + unseen.String() + `]{1000}){4}`,
	} {
		started := time.Now()
		p, err := Compile(expr)
		if err != nil {
			if !errors.Is(err, ErrPattern) {
				t.Error(err)
			}
			continue
		}
		s, alive := p.Start(), true
		for n := 0; n < 2000 && alive; n++ {
			after := s
			if alive = after.Feed([]byte("a")); alive {
				s = after
			}
		}
		for range 20 {
			if rest := s.Rest(); len(rest) > 4*maxNodes {
				t.Errorf("%.40s: %d bytes to go", expr, len(rest))
			}
		}
		if took := time.Since(started); took > 3*time.Second {
			t.Errorf("%.40s takes %v", expr, took)
		}
	}
}

// same says what Go's regexp makes of a whole text.
func same(t testing.TB, expr string) *regexp.Regexp {
	t.Helper()
	r, err := regexp.Compile(`^(?:` + expr + `)$`)
	if err != nil {
		t.Fatalf("%q is taken, but not by regexp: %v", expr, err)
	}
	return r
}
