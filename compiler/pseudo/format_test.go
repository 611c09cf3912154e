package pseudo

import "testing"

func TestWantsJSON(t *testing.T) {
	for _, c := range []struct {
		spec string
		want bool
	}{
		{"Return a JSON object with the keys name and age.", true},
		{"Extract the person. Output only valid JSON.", true},
		{"Turn the line into JSON with the keys date and amount.", true},
		{"Read the order and answer as JSON.", true},
		{"Convert the CSV row to JSON.", true},
		{"Extract the name from the JSON.", false},
		{"Say what is wrong with this JSON.", false},
		{"Is this valid JSON? Return ONLY one of: yes, no.", false},
		{"Write the last word of the sentence.", false},
		{"Fix it.\n\nInput: {'a': 1}\nOutput: {\"a\": 1}", true},
		{"Fix it.\n\nInput: {'a': 1}\nOutput: {\"a\": 1}\n\nInput: x\nOutput: broken", false},
		{"Return a JSON object.\n\nInput: a 1\nOutput: a=1", false},
		{"Name the city, return JSON or nothing.\n\nInput: x\nOutput: [broken", false},
		{"Count the words.\n\nInput: a b\nOutput: 2\n\nInput: a\nOutput: 1", false},
	} {
		s, err := Parse(c.spec)
		if err != nil {
			t.Fatal(err)
		}
		if s.JSON != c.want {
			t.Errorf("%q: JSON %v, want %v", c.spec, s.JSON, c.want)
		}
	}
}
