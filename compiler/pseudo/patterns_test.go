package pseudo

import (
	"strings"
	"testing"
)

func TestPatterns(t *testing.T) {
	for _, c := range []struct{ spec, want, warning string }{
		// Stated.
		{`Return only text matching /^\d{4}-\d{2}-\d{2}$/.`, `^\d{4}-\d{2}-\d{2}$`, ""},
		{"Extract the ticket that matches the regex `[A-Z]{3}-\\d+`.", `[A-Z]{3}-\d+`, ""},
		{`The answer must match the regular expression "\d+( EUR)?".`, `\d+( EUR)?`, ""},
		{"Extract the version.\nPattern: /\\d+\\.\\d+/", `\d+\.\d+`, ""},
		{"Extract the version.\n- **Format:** `v\\d+`", `v\d+`, ""},
		{"Extract the version. Output format: /v\\d+/\n\nInput: now at v7\nOutput: v7", `v\d+`, ""},
		{"Read the date. Every answer must match `/^\\d{2}\\/\\d{2}$/g`, nothing else.", `^\d{2}\/\d{2}$`, ""},
		{"Return the date in the form\nmatching the regex /[\\d/]+/ and nothing more.", `[\d/]+`, ""},
		{`Answer with text matching the pattern “[a-z]+\.”.`, `[a-z]+\.`, ""},
		{"Say how warm it is. Regex: `-?\\d+`", `-?\d+`, ""},
		{`Write the code. The output must match the regexp "a\"b".`, `a\"b`, ""},
		{"Write a colour code as output matching /^#(?:[0-9a-f]{3}){1,2}$/u.\nInput: red\nOutput: #f00", `^#(?:[0-9a-f]{3}){1,2}$`, ""},
		{"Give the level. Return only text matching /^(low|mid|high)-\\d+$/.", `^(low|mid|high)-\d+$`, ""},
		{"Write JSON. The answer must match the regex `{1}`", "", "no count is {"},

		{"Find the code matching /^[A-Z]{3}$/ and return it.", `^[A-Z]{3}$`, ""},
		{"Find the code matching /^[A-Z]{3}$/ and return only the code.", `^[A-Z]{3}$`, ""},
		{"Return only text matching /^[\\d.]+$/ and convert commas to dots.", `^[\d.]+$`, ""},
		{"The answer must match /^[\\d.]+$/ and give the year first.", `^[\d.]+$`, ""},
		{"Find the code matching /^[A-Z]{3}$/, return only that, nothing else.", `^[A-Z]{3}$`, ""},
		{"Extract the code matching /^[A-Z]{3}$/ and output nothing else.", `^[A-Z]{3}$`, ""},
		{"Answer with text matching /^[A-Z]{3}$/, with no other output.", `^[A-Z]{3}$`, ""},

		// Something else between slashes and quotes, or no cue.
		{"Return only text matching the regex \"a\\\n`b\".", "", ""}, // no quote ends on another line
		{"Return only text matching /a\\\nb/ and no more.", "", ""},
		{"Return the file matching /etc/passwd or so.", "", ""},
		{"Return the date as dd/mm/yyyy, e.g. 01/02/2026.", "", ""},
		{"Format: /usr/local/", "", ""},
		{`Write a greeting. Format: "Dear (name), [text]"`, "", ""},
		{"Fill in the template. Format: `{0}: {1}`", "", ""},
		{`Write "same" where the two match "closely" enough.`, "", ""},
		{"Return only the digits, \\d+, of the text.", "", ""},
		{"Explain what `^\\d+$` means.", "", ""},
		{`Say what the user asks for in C:\data. Format: "C:\data\sub"`, "", ""},
		{"Return the text matching /abc", "", ""},
		{"Return the text matching ``.", "", ""},

		// A pattern of the input, or of parts.
		{"Return the number of words matching /[A-Z]\\w+/.", "", ""},
		{"Remove words that match `[aeiou]+` and return the rest.", "", ""},
		{"The input matches /^\\d+$/. Write it in words.", "", ""},
		{"Input format: /^\\d+$/. Write it in words.", "", ""},
		{"Write the sentence without words matching /\\d+/.", "", ""},
		{"Find the log line matching `ERROR.*` and return its error code.", "", ""},
		{"Find the log line matching `ERROR.*`, then summarise it in a sentence.", "", ""},
		{"Extract the number matching /\\d+/ and convert it to words.", "", ""},
		{"Return all codes matching /[A-Z]{3}/.", "", ""},

		// Spoken against.
		{"Return text matching /^\\d+$/.\n\nInput: a\nOutput: 12\n\nInput: b\nOutput: none", "", `the example's output "none"`},
		{"Return text matching /^\\d+(?=x)$/.", "", "look-around"},
		{"Return text matching /^abc$/i.", "", "[Aa]"},
		{"Return text matching /(\\d{1000}){9}/.", "", "lower the counts"},
		{"Return the code matching /\\d+/ or 'none' if there is none.", "", "names answers beside it"},
		{"Return the code matching /\\d+/. If there is none, answer NONE.", "", "names answers beside it"},
		{"Return text matching /\\d+/. The answer must match the regex `[a-z]`.", "", "keep one"},

		// Labels say more.
		{"Return ONLY one of: 1, 2. The answer must match the regex `\\d`.", "", ""},
	} {
		s, err := Parse(c.spec)
		if err != nil {
			t.Fatal(err)
		}
		if s.Pattern != c.want {
			t.Errorf("%q: pattern %q, want %q", c.spec, s.Pattern, c.want)
		}
		if s.Pattern != "" && len(s.Labels) > 0 {
			t.Errorf("%q: labels %q beside a pattern", c.spec, s.Labels)
		}
		if all := strings.Join(s.Warnings, "\n"); !strings.Contains(all, c.warning) || c.warning == "" && all != "" {
			t.Errorf("%q: warnings %q, want %q", c.spec, all, c.warning)
		}
	}
}
