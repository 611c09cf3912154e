package function

import (
	"context"
	"errors"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"paw/engine"
	"paw/pattern"
	"paw/pawfile"
)

var somePatterns = []string{
	`^\d{4}-\d{2}-\d{2}$`, `[A-Z]{3}-\d+`, `(?:yes|no|not sure)`, `[a-z]+( [a-z]+){2,4}\.`, `.*`, `.{3,9}é`, `(日本|🙂)+!`, `"(\\.|[^"\\\n])*"`, ` ?x \n`, `\s+`, `[^ -~]{2,}`, `a?`, `0|[1-9]\d*`,
}

func patternProgram(fx fixture, adapter int, expr string) *pawfile.Program {
	p := fx.program(adapter)
	p.Meta.OutputFormat, p.Meta.OutputPattern = pawfile.FormatRegexp, expr
	return p
}

// The random interpreter writes nonsense, also halves of characters; held to a pattern its answers are matches,
// wherever decoding ends.
func TestFreeTextIsHeldToAPattern(t *testing.T) {
	fx := newFixture(t, 256, true)
	e := fx.simd(t)
	for _, expr := range somePatterns {
		want := regexp.MustCompile(`^(?:` + expr + `)$`)
		for adapter := range fx.adapters {
			f := openFunction(t, e, patternProgram(fx, adapter, expr), Options{})
			for _, input := range []string{"hello", "", "42 é"} {
				for _, limit := range []int{1, 2, 3, 5, 8, 13, 21} {
					var streamed strings.Builder
					a := call(t, f, input, Call{MaxTokens: limit, Piece: func(s string) {
						if s == "" || !utf8.ValidString(s) {
							t.Errorf("%s: the piece %q", expr, s)
						}
						streamed.WriteString(s)
					}})
					if !want.MatchString(a.Output) || !utf8.ValidString(a.Output) {
						t.Fatalf("%s, %q, %d tokens: %q is no match", expr, input, limit, a.Output)
					}
					if streamed.String() != a.Output {
						t.Errorf("%s: streamed %q, answered %q", expr, streamed.String(), a.Output)
					}
				}
			}
		}
	}
}

// What fits the pattern anyway is answered as if there were none.
func TestAPatternChangesNoFittingAnswer(t *testing.T) {
	fx := newFixture(t, 256, true)
	e := fx.simd(t)
	plain := call(t, openFunction(t, e, fx.program(0), Options{}), "hello", Call{MaxTokens: 12})
	a := call(t, openFunction(t, e, patternProgram(fx, 0, `(.|\n)*`), Options{}), "hello", Call{MaxTokens: 12})
	if !strings.HasPrefix(a.Output, strings.TrimRight(plain.Output, "\uFFFD")) && utf8.ValidString(plain.Output) && !strings.Contains(plain.Output, "\uFFFD") {
		t.Errorf("%q, without a pattern %q", a.Output, plain.Output)
	}
}

// A program ends as soon as nothing can follow, and no longer answer is paid for.
func TestAClosedPatternEnds(t *testing.T) {
	fx := newFixture(t, 256, true)
	f := openFunction(t, fx.simd(t), patternProgram(fx, 0, `\d{3}`), Options{})
	bare := len(f.prompt.Input("x"))
	if a := call(t, f, "x", Call{}); a.Stop != StopEnd || len(a.Output) != 3 || a.Tokens-bare > 4 {
		t.Errorf("%+v", a)
	}
}

// shy tells the likeliest token only.
type shy struct{ engine.Session }

func (s shy) Top(ctx context.Context, k int) ([]engine.Candidate, error) {
	return s.Session.Top(ctx, 1)
}

// Where no token that the engine tells fits, the shortest way to a match is gone, token by token.
func TestNoLikelyTokenFits(t *testing.T) {
	fx := newFixture(t, 256, true)
	e := fx.simd(t)
	for _, c := range []struct{ expr, want string }{{`\d{4}-\d{2}`, "0000-00"}, {`urge(日)!`, "urge日!"}, {`x{40}`, strings.Repeat("x", 40)}} {
		f := openFunction(t, e, patternProgram(fx, 0, c.expr), Options{})
		for _, limit := range []int{1, 3, 60} {
			s, err := e.NewSession(t.Context(), f.prefix, 100)
			if err != nil {
				t.Fatal(err)
			}
			if err := s.Prefill(t.Context(), f.prompt.Input("x")); err != nil {
				t.Fatal(err)
			}
			a, err := f.text(t.Context(), shy{s}, limit, false, &stream{})
			if err != nil || a.Output != c.want || !(a.Confidence >= 0 && a.Confidence < 1) || (a.Stop == StopEnd) != (limit == 60) {
				t.Errorf("%s, %d tokens: %+v, %v", c.expr, limit, a, err)
			}
			s.Close()
		}
	}
}

func TestFormatsOfPrograms(t *testing.T) {
	fx := newFixture(t, 256, true)
	e := fx.simd(t)
	for _, expr := range []string{`(?=a)b`, `(a{100}){100}`, `[^\d\D]`, strings.Repeat("a", pattern.MaxLength+1), "\xff"} {
		_, err := Open(t.Context(), e, patternProgram(fx, 0, expr), Options{})
		if !errors.Is(err, ErrFormat) || !errors.Is(err, pattern.ErrPattern) || !strings.Contains(err.Error(), "0123456789abcdef0123") {
			t.Errorf("%.20s: %v", expr, err)
		}
	}
	plain := call(t, openFunction(t, e, fx.program(0), Options{}), "hello", Call{MaxTokens: 9})
	p := patternProgram(fx, 0, "(")
	p.Meta.OutputFormat = "grammar-of-tomorrow"
	if a := call(t, openFunction(t, e, p, Options{}), "hello", Call{MaxTokens: 9}); a.Output != plain.Output {
		t.Errorf("an unknown format binds: %q, else %q", a.Output, plain.Output)
	}
	labels := patternProgram(fx, 0, `\d+`)
	labels.Meta.Labels = []string{"yes", "no"}
	if a := call(t, openFunction(t, e, labels, Options{}), "hello", Call{}); a.Label == "" {
		t.Error("labels do not go before the format")
	}
}

// The space that interpreters write before an answer is no part of the match, and no other white space is lost.
func TestWhiteSpaceAroundMatches(t *testing.T) {
	for _, c := range []struct {
		expr   string
		tokens []string
		want   string // "": refused
	}{
		{`a b`, []string{" a", " b"}, "a b"},
		{`a b`, []string{"a", " b"}, "a b"},
		{`a b`, []string{" ", "a", " b"}, "a b"},
		{` a `, []string{"  a", " "}, " a "},
		{` a `, []string{" ", " a"}, " a "},
		{`a`, []string{"  a"}, ""},
		{`a`, []string{"\na"}, ""},
		{`\na`, []string{" \n"}, "\na"},
		{`é!`, []string{" \xc3"}, "é!"},
		{`é!`, []string{" \xc3", "\xa9"}, "é!"},
		{`é`, []string{""}, ""},
	} {
		held, err := newFormat(&pawfile.Meta{OutputFormat: pawfile.FormatRegexp, OutputPattern: c.expr})
		if err != nil {
			t.Fatal(err)
		}
		text, got := "", ""
		for i, token := range c.tokens {
			after, ok := held.feed([]byte(token))
			if !ok {
				break
			}
			held, text = after, text+token
			if i == len(c.tokens)-1 {
				got = held.answer(text + held.rest())
			}
		}
		if got != c.want {
			t.Errorf("%s: %q is answered %q, want %q", c.expr, c.tokens, got, c.want)
		}
	}
}

// However a text is cut into tokens: whatever of them a pattern takes becomes a match, and what was told on the
// way is its beginning.
func FuzzPatternText(f *testing.F) {
	for i := range somePatterns {
		f.Add(uint8(i), " 2026-01-0", uint16(0b10110))
		f.Add(uint8(i), "\"é🙂\\", uint16(0b1011011))
	}
	f.Fuzz(func(t *testing.T, which uint8, text string, cuts uint16) {
		expr := somePatterns[int(which)%len(somePatterns)]
		held, err := newFormat(&pawfile.Meta{OutputFormat: pawfile.FormatRegexp, OutputPattern: expr})
		if err != nil {
			t.Fatal(err)
		}
		var taken, token []byte
		told := ""
		for i := range len(text) {
			if token = append(token, text[i]); cuts>>(i%16)&1 == 0 && i+1 < len(text) {
				continue
			}
			if after, ok := held.feed(token); ok {
				held, taken = after, append(taken, token...)
				told = held.answer(settled(strings.ToValidUTF8(string(taken), "\uFFFD")))
			}
			token = nil
		}
		answer := held.answer(string(taken) + held.rest())
		if !regexp.MustCompile(`^(?:`+expr+`)$`).MatchString(answer) || !strings.HasPrefix(answer, told) {
			t.Fatalf("%s: %q is answered %q after %q was told", expr, taken, answer, told)
		}
	})
}
