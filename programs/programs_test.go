package programs

import (
	"errors"
	"regexp"
	"strings"
	"testing"
	"unicode"
)

// labels of the programs that choose from a list. The others copy or rewrite
// part of the input and are checked by form.
var labels = map[string][]string{
	"tenant-urgency":   {"urgent", "wait"},
	"ticket-routing":   {"billing", "technical", "account", "shipping", "sales"},
	"review-sentiment": {"positive", "negative", "neutral"},
	"log-triage":       {"ignore", "watch", "page"},
	"home-intent":      {"lights_on", "lights_off", "set_temperature", "play_music", "lock_doors"},
	"mail-filter":      {"spam", "promo", "ham"},
	"is-question":      {"yes", "no"},
	"yes-no-boolean":   {"true", "false", "unknown"},
}

var forms = map[string]*regexp.Regexp{
	"extract-email": regexp.MustCompile(`^[\w.+-]+@[\w-]+(\.[\w-]+)+$`),
	"order-number":  regexp.MustCompile(`^([A-Z]{2}-\d{5}|none)$`),
	"trip-city":     regexp.MustCompile(`^[A-Z][a-z]+$`),
	"phone-format":  regexp.MustCompile(`^\d{3}-555-01\d{2}$`),
}

func TestCatalogue(t *testing.T) {
	ps := All()
	if len(ps) < 12 {
		t.Fatalf("%d programs, want at least 12", len(ps))
	}
	slug := regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,48}[a-z0-9]$`)
	names := map[string]bool{}
	for _, p := range ps {
		t.Run(p.Name, func(t *testing.T) {
			if !slug.MatchString(p.Name) {
				t.Errorf("name %q is no slug", p.Name)
			}
			if names[p.Name] {
				t.Errorf("name %q is used twice", p.Name)
			}
			names[p.Name] = true
			if p.Title == "" {
				t.Error("no title")
			}
			if len(p.Cases) < 20 {
				t.Errorf("%d cases, want at least 20", len(p.Cases))
			}
			checkOutputs(t, p)
			checkDisjoint(t, p)
		})
	}
}

func checkOutputs(t *testing.T, p Program) {
	t.Helper()
	count := map[string]int{}
	for _, c := range p.Cases {
		count[c.Output]++
		if n := len(strings.Fields(c.Input)); n == 0 || n > 30 {
			t.Errorf("input of %d words: %q", n, c.Input)
		}
		if c.Input != strings.TrimSpace(c.Input) || c.Output != strings.TrimSpace(c.Output) {
			t.Errorf("stray space in %q → %q", c.Input, c.Output)
		}
	}
	if ls := labels[p.Name]; ls != nil {
		for _, l := range ls {
			if !strings.Contains(p.Spec, l) {
				t.Errorf("label %q is not in the spec", l)
			}
			// Balanced: a constant answer must not look good.
			if share := float64(count[l]) / float64(len(p.Cases)); share < 0.8/float64(len(ls)) {
				t.Errorf("label %q has only %d of %d cases", l, count[l], len(p.Cases))
			}
			delete(count, l)
		}
		for o := range count {
			t.Errorf("output %q is no label of the program", o)
		}
		return
	}
	form := forms[p.Name]
	if form == nil {
		t.Fatalf("program %q has neither labels nor a form in this test: add one", p.Name)
	}
	for _, c := range p.Cases {
		if !form.MatchString(c.Output) {
			t.Errorf("output %q does not match %v", c.Output, form)
		}
		if p.Name == "phone-format" {
			if got := digits(c.Input); !strings.HasSuffix(got, digits(c.Output)) {
				t.Errorf("%q does not hold %q", c.Input, c.Output)
			}
		} else if c.Output != "none" && !strings.Contains(c.Input, c.Output) {
			t.Errorf("%q does not hold %q", c.Input, c.Output)
		}
	}
}

// checkDisjoint compares cases and examples by their letters and digits only,
// so that a case cannot be an example with another comma.
func checkDisjoint(t *testing.T, p Program) {
	t.Helper()
	seen := map[string]string{}
	examples := 0
	for _, line := range strings.Split(p.Spec, "\n") {
		if in, ok := strings.CutPrefix(line, "Input: "); ok {
			seen[letters(in)] = "an example"
			examples++
		}
	}
	if examples < 10 || examples > 20 {
		t.Errorf("%d examples in the spec, want 10 to 20", examples)
	}
	for _, c := range p.Cases {
		if where := seen[letters(c.Input)]; where != "" {
			t.Errorf("case %q repeats %s", c.Input, where)
		}
		seen[letters(c.Input)] = "another case"
	}
}

func letters(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, s)
}

func digits(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsDigit(r) {
			return r
		}
		return -1
	}, s)
}

func TestAllIsACopy(t *testing.T) {
	a := All()
	a[0].Name, a[0].Cases[0].Output = "changed", "changed"
	if b := All(); b[0].Name == "changed" || b[0].Cases[0].Output == "changed" {
		t.Error("a caller changed the catalogue of the next one")
	}
}

func TestFind(t *testing.T) {
	if p, ok := Find("log-triage"); !ok || p.Name != "log-triage" {
		t.Errorf("Find(log-triage) = %q, %v", p.Name, ok)
	}
	if _, ok := Find("no-such-program"); ok {
		t.Error("found a program that is not there")
	}
}

func TestRead(t *testing.T) {
	good := `{"name":"a","spec":"s","cases":[{"input":"i","output":"o","note":"x"}],"tags":["y"]}`
	for _, tc := range []struct {
		name, file string
		n          int
		want       error
		text       string
	}{
		{name: "extra keys", file: good, n: 1},
		{name: "blank lines, Windows newlines, BOM", file: "\ufeff" + good + "\r\n\r\n" + good + "\r\n", n: 2},
		{name: "empty input is allowed", file: `{"name":"a","spec":"s","cases":[{"input":"","output":"o"}]}`, n: 1},
		{name: "empty", file: "\n\n", want: ErrEmpty},
		{name: "no name", file: `{"spec":"s","cases":[{"input":"i","output":"o"}]}`, want: ErrFields, text: "line 1"},
		{name: "no spec", file: good + "\n" + `{"name":"a","cases":[{"input":"i","output":"o"}]}`, want: ErrFields, text: "line 2"},
		{name: "no cases", file: `{"name":"a","spec":"s"}`, want: ErrFields, text: "cases"},
		{name: "no output", file: `{"name":"a","spec":"s","cases":[{"input":"i"}]}`, want: ErrFields, text: "case 1"},
		{name: "not JSON", file: good + "\nname,spec\n", text: "line 2"},
		{name: "an array", file: "[" + good + "]", text: "line 1"},
		{name: "a line without end", file: strings.Repeat("x", MaxLine+1), text: "line 1"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			ps, err := Read(strings.NewReader(tc.file))
			if tc.want == nil && tc.text == "" {
				if err != nil || len(ps) != tc.n {
					t.Fatalf("got %d programs, %v; want %d", len(ps), err, tc.n)
				}
				return
			}
			if err == nil {
				t.Fatal("no error")
			}
			if tc.want != nil && !errors.Is(err, tc.want) {
				t.Errorf("error %v is not %v", err, tc.want)
			}
			if !strings.Contains(err.Error(), tc.text) {
				t.Errorf("error %q does not say %q", err, tc.text)
			}
		})
	}
}
