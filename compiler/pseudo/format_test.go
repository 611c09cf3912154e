package pseudo

import (
	"strings"
	"testing"
)

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

		// What one gets, and what answers are not.
		{"You get an order as JSON. Write a friendly confirmation for the customer.", false},
		{"You get an order as JSON\nWrite a friendly confirmation for the customer.", false},
		{"You get an order as JSON and write a friendly confirmation for the customer.", false},
		{"Given an order in JSON, write a friendly confirmation.", false},
		{"The input comes as JSON. Return the total.", false},
		{"Return the total of an order that is given as JSON.", false},
		{"Summarise the log entry that we store in JSON in one sentence.", false},
		{"Convert the order in JSON to a table.", false},
		{"Summarise the log entry in one sentence. Do not answer in JSON.", false},
		{"Name the city. Don't return JSON.", false},
		{"Name the city. Do not put the answer in JSON.", false},
		{"Name the city. Answer in plain text, not as JSON.", false},
		{"You get a ticket.\nInput: the text of the ticket\nOutput: a JSON object with the keys name and age", true},
		{"You get a ticket.\nInput: the text of the ticket\nOutput: valid JSON", true},
		{"Name the format of the file.\nInput: orders.json\nOutput: JSON", false},
		{"Task: CSV to JSON. Columns: name, age", true},
		{"I want the name and the price in JSON.", true},
		{"For every order I need the fields as JSON: customer, item, count.", true},
		{"All fields as JSON, please.", true},
		{"The dates of the letter as JSON list.", true},
		{"Without explanations return a JSON object.", true},
		{"You get a log line in JSON.", false},
		{"The order is stored as JSON.", false},
		{"The input: an order as JSON. Name the customer.", false},
		{"Answer in prose rather than in JSON.", false},
		{"You get a mail. Return its parts as JSON.", true},
		{"You get a mail and return its parts as JSON.", true},
		{"You get a mail\nReturn its parts as JSON", true},
		{"Given the mail, return its parts as JSON.", true},
		{"Convert the given text to JSON.", true},
		{"You get an order as JSON. Return it as valid JSON, sorted by price.", true},
		{"Do not explain anything, answer in JSON.", true},
		{"Get the name and the age as JSON.", true},
		{"The output should be in JSON.", true},
		{"Read what the customer wants, then list the names, the amounts and\nthe dates as JSON.", true},
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

// Without examples the keys of an object, or the values of one, look like labels.
func TestJSONOrLabels(t *testing.T) {
	for _, c := range []struct{ spec, labels string }{ // no labels: JSON
		{`Return a JSON object with the keys "name", "age" and "city".`, ""},
		{"Return a JSON object with the keys sentiment (positive/negative/neutral) and topic.", ""},
		{`The keys are "name" and "age". Answer with "null" where one is missing. Return JSON with "name" first.`, ""},
		{"Extract these fields as JSON:\n- name\n- priority: low, medium or high\n- summary", ""},
		{"The answer must be a JSON object. Priority: low, medium or high.", ""},
		{"Classify the ticket as bug or feature. Can you answer as JSON?", ""},
		{"Answer yes or no. Do not return JSON.", "yes|no"},
		{"You get a ticket as JSON. Answer with one of: bug, feature.", "bug|feature"},
		{"Does the user want to convert a file to JSON? Answer yes or no.", "yes|no"},
		{"Decide whether the user wants to convert a file to JSON. Answer yes or no.", "yes|no"},
		{`Answer yes if the user says "please answer in JSON", otherwise no.`, "yes|no"},
		{"Classify the request. Labels: export to JSON, export to CSV, other", "export to JSON|export to CSV|other"},
		{"Return JSON. One of: a, b." + pairsOf("x>a", "y>b"), "a|b"}, // the examples say more
	} {
		s, err := Parse(c.spec)
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(s.Labels, "|"); got != c.labels || s.JSON != (c.labels == "") {
			t.Errorf("%q: labels %q, JSON %v, want labels %q", c.spec, got, s.JSON, c.labels)
		}
	}
}
