package pseudo

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"paw/pattern"
)

func FuzzParse(f *testing.F) {
	for i, tc := range labelCases {
		if i%8 == 0 {
			f.Add(tc.spec)
		}
	}
	f.Add("Say yes or no.\nInput: a → Output: yes\n**Input 2:** b\r\nOutput: no")
	f.Add("Return only text matching /^\\d{4}[/-]\\d{2}$/g, nothing else.\nInput: a\nOutput: 2026/01")
	f.Add("Return only text matching the regex \"a\\\n`b\".")
	f.Add("**Format:** `(a|b)+`\nThe answer must match the regex \"x\\\"y\".\nInput: a. Output: one of a, b")
	f.Fuzz(func(t *testing.T, text string) {
		s, err := Parse(text)
		if err != nil {
			return
		}
		again, err := Parse(text)
		if err != nil || !slices.Equal(again.Labels, s.Labels) || again.Task != s.Task {
			t.Fatal("the same text gives another result")
		}
		if !utf8.ValidString(s.Text) || s.Task == "" || strings.ContainsAny(s.Task, "\n\t") {
			t.Fatalf("task %q", s.Task)
		}
		seen := map[string]bool{}
		for _, l := range s.Labels {
			if seen[l] || strings.TrimSpace(l) == "" || strings.Contains(l, "\n") || !utf8.ValidString(l) {
				t.Fatalf("labels %q", s.Labels)
			}
			seen[l] = true
		}
		if len(s.Labels) == 1 {
			t.Fatalf("one label %q", s.Labels)
		}
		for _, e := range s.Examples {
			if e.Output == "" || !utf8.ValidString(e.Input+e.Output) {
				t.Fatalf("example %q", e)
			}
		}
		if s.Pattern != "" {
			p, err := pattern.Compile(s.Pattern)
			if err != nil || len(s.Labels) > 0 || s.JSON {
				t.Fatalf("pattern %q, labels %q, JSON %v: %v", s.Pattern, s.Labels, s.JSON, err)
			}
			for _, e := range s.Examples {
				if !p.Match(e.Output) {
					t.Fatalf("pattern %q and the output %q", s.Pattern, e.Output)
				}
			}
		}
		var shown []Example
		for _, i := range Show(s.Examples, s.Labels, MaxShown) {
			shown = append(shown, s.Examples[i])
		}
		p := s.PseudoProgram(shown, words)
		if n := words(p); n > MaxTokens {
			t.Fatalf("%d tokens", n)
		}
		tpl := Template(p)
		for _, marker := range []string{Placeholder, "[PSEUDO_PROGRAM]", "[END_PSEUDO_PROGRAM]", "[INPUT]", "[END_INPUT]"} {
			if strings.Count(tpl, marker) != 1 {
				t.Fatalf("marker %s appears %d times", marker, strings.Count(tpl, marker))
			}
		}
		if strings.Contains(tpl, "<|endoftext|>") || strings.Contains(tpl, "[SPEC]") {
			t.Fatal("a marker of the specification survives")
		}
	})
}
