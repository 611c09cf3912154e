package pseudo

import "testing"

func TestFormat(t *testing.T) {
	for _, c := range []struct{ spec, want string }{
		{"Return a JSON object with the keys name and age.", "json"},
		{"Extract the person. Output only valid JSON.", "json"},
		{"Turn the line into JSON with the keys date and amount.", "json"},
		{"Read the order and answer as JSON.", "json"},
		{"Convert the CSV row to JSON.", "json"},
		{"Extract the name from the JSON.", ""},
		{"Say what is wrong with this JSON.", ""},
		{"Is this valid JSON? Return ONLY one of: yes, no.", ""},
		{"Write the last word of the sentence.", ""},
		{"Fix it.\n\nInput: {'a': 1}\nOutput: {\"a\": 1}", "json"},
		{"Fix it.\n\nInput: {'a': 1}\nOutput: {\"a\": 1}\n\nInput: x\nOutput: broken", ""},
		{"Return a JSON object.\n\nInput: a 1\nOutput: a=1", ""},
		{"Name the city, return JSON or nothing.\n\nInput: x\nOutput: [broken", ""},
		{"Count the words.\n\nInput: a b\nOutput: 2\n\nInput: a\nOutput: 1", ""},
	} {
		s, err := Parse(c.spec)
		if err != nil {
			t.Fatal(err)
		}
		if s.Format != c.want {
			t.Errorf("%q: format %q, want %q", c.spec, s.Format, c.want)
		}
	}
}
