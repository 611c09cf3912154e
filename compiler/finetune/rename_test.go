package finetune

import (
	"strings"
	"testing"

	"paw/compiler/pseudo"
)

func wordly(words ...string) *renamer { return newRenamer(words, 1) }

func TestVariantsKeepThePatternOfAnExample(t *testing.T) {
	r := wordly("tiger", "tulip", "table", "banana", "butter")
	for _, c := range []struct{ name, in, out, before, after, head, tail string }{
		{"a copied word", "say tower now", "tower", "say ", " now", "", ""},
		{"a word in a frame", "find tower please", "<tower>", "find ", " please", "<", ">"},
		{"a number", "order 4711 of a", "#4711", "order ", " of a", "#", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := r.variants(pseudo.Example{Input: c.in, Output: c.out}, 4)
			if len(got) != 4 {
				t.Fatalf("got %d variants, want 4", len(got))
			}
			for _, v := range got {
				in, okIn := cut(v.Input, c.before, c.after)
				out, okOut := cut(v.Output, c.head, c.tail)
				if !okIn || !okOut || in != out || in == "tower" || in == "" {
					t.Errorf("%q -> %q became %q -> %q", c.in, c.out, v.Input, v.Output)
				}
			}
		})
	}
}

func TestWhatIsRenamed(t *testing.T) {
	b := tinyBase(t, 1024)
	unlabelled, labelled := pseudo.Spec{}, pseudo.Spec{Labels: []string{"red", "blue"}}
	targets := []pseudo.Example{{Input: "order 12", Output: "12"}, {Input: "order 77", Output: "77"}}
	for _, c := range []struct {
		name           string
		spec           pseudo.Spec
		examples, want int
	}{
		{"few examples", unlabelled, 2, 6},
		{"twelve", unlabelled, 12, 4},
		{"enough", unlabelled, 25, 0},
		{"labels", labelled, 2, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			j := &job{Compiler: New("test", b), spec: c.spec}
			if got := j.renaming(c.examples)(targets); len(got) != c.want {
				t.Errorf("%d variants, want %d: %v", len(got), c.want, got)
			}
		})
	}
}

// Nothing is taught that the program could not answer.
func TestVariantsKeepTheDeclaredForm(t *testing.T) {
	b := tinyBase(t, 1024)
	for _, c := range []struct {
		name    string
		spec    pseudo.Spec
		targets []pseudo.Example
		want    int
	}{
		{"no form", pseudo.Spec{}, []pseudo.Example{{Input: "ref ABC-12", Output: "ABC-12"}}, 3},
		{"a pattern that they match", pseudo.Spec{Pattern: `[A-Z]+-\d+`}, []pseudo.Example{{Input: "ref ABC-12", Output: "ABC-12"}}, 3},
		{"a pattern that names the word", pseudo.Spec{Pattern: `ABC-12`}, []pseudo.Example{{Input: "ref ABC-12", Output: "ABC-12"}}, 0},
		{"JSON that stays JSON", pseudo.Spec{JSON: true}, []pseudo.Example{{Input: "now 12", Output: `{"n": 12}`}}, 3},
		{"no JSON", pseudo.Spec{JSON: true}, []pseudo.Example{{Input: "now 12", Output: `n is 12`}}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			j := &job{Compiler: New("test", b), spec: c.spec}
			if got := j.renaming(2)(c.targets); len(got) != c.want {
				t.Errorf("%d variants, want %d: %v", len(got), c.want, got)
			}
		})
	}
}

// cut takes the two ends off a text.
func cut(s, before, after string) (string, bool) {
	s, a := strings.CutPrefix(s, before)
	s, b := strings.CutSuffix(s, after)
	return s, a && b
}

func TestVariantsKeepCase(t *testing.T) {
	r := wordly("tiger")
	got := r.variants(pseudo.Example{Input: "tower Tower TOWER", Output: "Tower TOWER tower"}, 1)
	if len(got) != 1 || got[0].Input != "tiger Tiger TIGER" || got[0].Output != "Tiger TIGER tiger" {
		t.Errorf("got %v", got)
	}
}

func TestNoVariantsWhereNothingIsShared(t *testing.T) {
	r := wordly("tiger")
	for _, e := range []pseudo.Example{{Input: "good morning", Output: "greeting"}, {Input: "", Output: "x"}, {Input: "??", Output: "??"}, {Input: "a b", Output: "b"}} {
		if got := r.variants(e, 3); len(got) != 0 {
			t.Errorf("%v has variants %v", e, got)
		}
	}
}

func TestAWordThatNothingIsLikeKeepsItsName(t *testing.T) {
	r := wordly("tiger")
	got := r.variants(pseudo.Example{Input: "zebra 7", Output: "zebra 7"}, 1)
	if len(got) != 1 || !strings.HasPrefix(got[0].Input, "zebra ") || got[0].Input != got[0].Output {
		t.Errorf("got %v", got)
	}
}

func TestVariantsAreTheSameForOneSeed(t *testing.T) {
	e := pseudo.Example{Input: "take the table 12", Output: "table 12"}
	a, b := wordly("tiger", "tulip", "thing").variants(e, 3), wordly("tiger", "tulip", "thing").variants(e, 3)
	for i := range a {
		if a[i] != b[i] {
			t.Errorf("variant %d: %v and %v", i, a[i], b[i])
		}
	}
}

func FuzzVariants(f *testing.F) {
	f.Add("say tower now", "Tower")
	f.Add("order 0815", "0815")
	f.Add("\xff\xfeÄÖ ß straße", "STRASSE ÄÖ")
	f.Fuzz(func(t *testing.T, in, out string) {
		for _, v := range wordly("tiger", "tulip", "st").variants(pseudo.Example{Input: in, Output: out}, 2) {
			if len(pieces(v.Input)) != len(pieces(in)) || len(pieces(v.Output)) != len(pieces(out)) {
				t.Errorf("%q -> %q became %q -> %q: another shape", in, out, v.Input, v.Output)
			}
		}
	})
}
