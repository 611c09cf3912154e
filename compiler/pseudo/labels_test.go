package pseudo

import (
	"slices"
	"strings"
	"testing"
)

// labelCases are instructions as people write them. none marks texts whose
// lists are not lists of labels.
var labelCases = []struct {
	spec   string
	labels string // separated by "|"
}{
	// one of
	{"Classify the message. One of: urgent, wait.", "urgent|wait"},
	{"Answer with one of: billing, technical, or account", "billing|technical|account"},
	{"Return exactly one of the following: HIGH, MEDIUM, LOW.", "HIGH|MEDIUM|LOW"},
	{"Assign one of these categories: bug, feature request, question", "bug|feature request|question"},
	{"The reply must be one of \"go\", \"stop\" or \"slow down\".", "go|stop|slow down"},
	{"Pick one of the following moods: happy, sad, angry", "happy|sad|angry"},
	{"Reply with exactly one of lights_on/lights_off/play_music and nothing else.", "lights_on|lights_off|play_music"},
	{"Output one of: in_stock | sold_out | pre_order", "in_stock|sold_out|pre_order"},
	{"One of: order status, trick or treat, returns or refunds, other. Decide what the customer wants.", "order status|trick or treat|returns or refunds|other"},
	{"Return one of [cat, dog, bird] for each animal sound.", "cat|dog|bird"},
	// labels: / categories are
	{"Sentiment of a review.\nLabels: positive, negative, neutral", "positive|negative|neutral"},
	{"Sort my mail. The categories are work, family, and junk.", "work|family|junk"},
	{"Triage the bug report. Labels are P0, P1, P2 and P3.", "P0|P1|P2|P3"},
	{"Possible values: true, false, unknown. Is the guest coming?", "true|false|unknown"},
	{"Categorise expenses. Categories: food & drink, travel, office supplies", "food & drink|travel|office supplies"},
	{"Detect the tone of a message.\n\nLabels:\nfriendly\nneutral\nhostile", "friendly|neutral|hostile"},
	{"Find the priority of the ticket.\nPriority: low/medium/high", "low|medium|high"},
	{"Route each call. The teams are: sales; support; finance.", "sales|support|finance"},
	{"Tag the post. Valid tags: politics (elections, parties), sport (football, tennis), culture", "politics|sport|culture"},
	{"The output must be SPAM or HAM. Classify the mail.", "SPAM|HAM"},
	{"Classify the comment with the labels toxic and clean.", "toxic|clean"},
	{"Categories: 'refund', 'exchange', 'trick or treat'. Choose what the customer means.", "refund|exchange|trick or treat"},
	// bullets
	{"Route the ticket to a queue. The queues are:\n\n- billing: invoices and refunds\n- technical: broken things\n- sales", "billing|technical|sales"},
	{"Choose one of the following categories:\n* News\n* Opinion or comment\n* Advert", "News|Opinion or comment|Advert"},
	{"Decide the department. Departments:\n1. Human Resources\n2. IT\n3. Legal", "Human Resources|IT|Legal"},
	{"Possible answers:\n• yes\n• no\n• maybe", "yes|no|maybe"},
	{"Classify the log line into these levels:\n- **ignore** - routine chatter\n- **watch** - may become a problem\n- **page** - users are affected", "ignore|watch|page"},
	{"Labels:\n- \"trick or treat\"\n- \"carol singing\"\n- \"other\"\nWhich custom does the text describe?", "trick or treat|carol singing|other"},
	{"Assign a label:\n- urgent if the tenant needs help today\n- wait if it can go on the list", "urgent|wait"},
	{"Categories:\n\t1) spam\n\t2) promo\n\t3) ham\n\nClassify the subject line.", "spam|promo|ham"},
	// slashes
	{"Classify the sentiment (positive/negative/neutral).", "positive|negative|neutral"},
	{"Label the review as good/bad/mixed.", "good|bad|mixed"},
	{"Does the text mention a price? Answer yes/no.", "yes|no"},
	// quoted
	{"Say \"spam\" for scams and junk, \"promo\" for newsletters and offers, and \"ham\" for everything else.", "spam|promo|ham"},
	{"Return 'urgent' if it can't wait and 'later' when it can.", "urgent|later"},
	{"Respond with “ja” or “nein”: is the shop open?", "ja|nein"},
	{"Output `pass` or `fail` for each test report.", "pass|fail"},
	// X or Y
	{"Is the message urgent? Answer yes or no.", "yes|no"},
	{"Classify each e-mail as spam or ham.", "spam|ham"},
	{"Respond with A, B, or C depending on the level of risk.", "A|B|C"},
	{"Respond with ignore, watch, or page.", "ignore|watch|page"},
	{"Tell me whether the coin toss is heads or tails.", "heads|tails"},
	{"Classify the text as either formal or informal in style.", "formal|informal"},
	{"Sort feedback into praise, complaint or suggestion.", "praise|complaint|suggestion"},
	{"Reply only with TRUE or FALSE", "TRUE|FALSE"},
	{"Decide if a tweet about a film is positive, negative or neutral. Reply with just the word.", "positive|negative|neutral"},
	{"Return accept, reject or needs review, nothing else.", "accept|reject|needs review"},
	{"Mark every comment as keep, hide, or escalate based on how rude it is.", "keep|hide|escalate"},
	{"Turn the guest's reply into true, false or unknown.", "true|false|unknown"},
	// branches
	{"People write to us. Answer yes if it is a question, otherwise no.", "yes|no"},
	{"yes if the customer is angry, otherwise no", "yes|no"},
	{"Output 1 if the sentence is about money, else 0.", "1|0"},
	{"Return true when the date lies in the past. Otherwise return false.", "true|false"},
	{"Say urgent if someone is in danger, soon if it should happen this week, and later otherwise.", "urgent|soon|later"},
	{"Is this spam? Say \"yes\" if it is, and \"no\" if it isn't.", "yes|no"},
	{"Is this an order or a question? Answer order or question.", "order|question"},

	// no labels
	{"Extract the e-mail address from the text, or return none.", ""},
	{"Return the city or none if there is no city.", ""},
	{"Find the order number in the message. Return the order number only. If there isn't one, return none.", ""},
	{"Rewrite dates like 12/05/2024 or 5 Dec 2024 as YYYY-MM-DD.", ""},
	{"Extract first name, last name, and phone number.", ""},
	{"Return the first or last name of the person mentioned.", ""},
	{"Convert the text to lower case, remove punctuation, and collapse spaces.", ""},
	{"Fix broken JSON: replace single quotes with double quotes, add missing commas or brackets.", ""},
	{"Title-case the heading, except words like \"of\", \"and\" or \"the\".", ""},
	{"Replace \"colour\" with \"color\" and \"favour\" with \"favor\".", ""},
	{"Normalise phone numbers, e.g. (212) 555-0147 or 212.555.0147, to 212-555-0147.", ""},
	{"Translate the sentence into French or German, whichever fits the reader.", ""},
	{"Get the sender and/or the recipient of the letter.", ""},
	{"Give me the name of the city they are travelling to. Only the city, spelled as they wrote it.", ""},
	{"Expand abbreviations such as etc., approx., or dept. in the text.", ""},
	{"Summarise the note in one sentence, in plain English, without names or dates.", ""},
	{"Extract the following fields:\n- name\n- email\n- phone", ""},
	{"Rewrite the address. Rules:\n- upper case\n- no punctuation\n- state as two letters", ""},
	{"Pull the amount and the currency (EUR, USD, etc.) out of the sentence.", ""},
	{"Convert the speed from km/h to mph, rounded to a whole number.", ""},
	{"Write a polite reply to the customer, thanking him or her.", ""},
	{"Return the date, time, or both, exactly as they stand in the text.", ""},
	{"Remove filler words (um, uh, like) from the transcript.", ""},
	{"Return N/A if no date is present, otherwise YYYY-MM-DD.", ""},
	{"Correct spelling mistakes; keep names, numbers and quotes as they are.", ""},
	{"Output the price as a number or as text, whatever the shop wrote.", ""},
	{"Format the list: one item per line, sorted, no bullets or numbers.", ""},
	{"Standardise yes/no answers from the old form into a full sentence.", ""},
	{"Extract tags from the post, e.g. politics, sport, culture.", ""},
	{"Return one of the dates in the text, preferably the first or the last.", ""},
	{"Convert the date to one of these formats: YYYY-MM-DD, DD/MM/YYYY.", ""},
	{"Copy the ingredient from the line. Ingredients come with grams, cups, or spoons.", ""},
	{"Take the street and house number and write them as \"Street No.\", like \"Main St 5\".", ""},
	{"Clean up the heading:\n1. Trim spaces\n2. Capitalise words\n3. Drop the final dot", ""},
	{"Give the plural of the noun. Mind irregular nouns: mouse, foot, child.", ""},
	{"Turn the sentence into a question or a command.", ""},
	{"Find the company, e.g. \"Acme\", \"Globex\" or \"Initech\", in the news line.", ""},
	{"Return the text unchanged if it is English, otherwise translate it.", ""},
	{"Return the larger of the two numbers, or the first if they are equal.", ""},
}

func TestLabels(t *testing.T) {
	none := 0
	for _, tc := range labelCases {
		if tc.labels == "" {
			none++
		}
		s, err := Parse(tc.spec)
		if err != nil {
			t.Errorf("%q: %v", tc.spec, err)
			continue
		}
		if got := strings.Join(s.Labels, "|"); got != tc.labels {
			t.Errorf("%q\n got %q\nwant %q", tc.spec, got, tc.labels)
		}
		if s.LabelsInferred {
			t.Errorf("%q: inferred without examples", tc.spec)
		}
	}
	if len(labelCases) < 60 || none < 25 {
		t.Errorf("%d specifications, %d without labels: want 60 and 25", len(labelCases), none)
	}
}

func join(lines ...string) string { return strings.Join(lines, "\n") }

// pairsOf writes examples from "input>output".
func pairsOf(list ...string) string {
	var b strings.Builder
	for _, p := range list {
		in, out, _ := strings.Cut(p, ">")
		b.WriteString("\nInput: " + in + "\nOutput: " + out)
	}
	return b.String()
}

func TestLabelsWithExamples(t *testing.T) {
	for _, tc := range []struct {
		name, spec string
		labels     []string
		inferred   bool
		warning    string // part of one
	}{
		{name: "list and examples agree",
			spec:   "One of: urgent, wait." + pairsOf("a>urgent", "b>wait"),
			labels: []string{"urgent", "wait"}},
		{name: "an output is not in the list",
			spec:    "Labels: urgent, wait" + pairsOf("a>urgent", "b>wait", "c>soon"),
			labels:  []string{"urgent", "wait"},
			warning: `example 3 (line 6) answers "soon"`},
		{name: "no output is in the list: it was something else",
			spec: "Extract the thing people order. Categories: food, drink." + pairsOf("I want tea>tea", "a cake please>cake")},
		{name: "the examples spell labels in another case",
			spec:    "Labels: Urgent, Wait" + pairsOf("a>urgent", "b>wait", "c>wait"),
			labels:  []string{"urgent", "wait"},
			warning: `the list says "Urgent"`},
		{name: "bullets without a cue, confirmed by the examples",
			spec:   join("What is it about?", "- Sport", "- Politics or law", "- Weather") + pairsOf("a>Sport", "b>Politics or law", "c>Weather"),
			labels: []string{"Sport", "Politics or law", "Weather"}},
		{name: "bullets without a cue, not confirmed",
			spec: join("Rewrite it.", "- lower case", "- no dots") + pairsOf("A.>a", "B.>b")},
		{name: "a label with and, confirmed by the examples",
			spec:   "Labels: gardening, terms and conditions" + pairsOf("a>gardening", "b>terms and conditions"),
			labels: []string{"gardening", "terms and conditions"}},
		{name: "inferred from repeating outputs",
			spec:   "How does the guest feel?" + pairsOf("a>glad", "b>sad", "c>glad", "d>sad", "e>glad", "f>sad"),
			labels: []string{"glad", "sad"}, inferred: true},
		{name: "five examples are too few to infer",
			spec: "How does the guest feel?" + pairsOf("a>glad", "b>sad", "c>glad", "d>sad", "e>glad")},
		{name: "outputs do not repeat enough",
			spec: "Extract the order number." + pairsOf("a>A1", "b>B2", "c>none", "d>C3", "e>none", "f>D4", "g>E5")},
		{name: "one constant output is no choice",
			spec: "Always answer the same." + pairsOf("a>x", "b>x", "c>x", "d>x", "e>x", "f>x")},
		{name: "a label without an example",
			spec:    "Labels: red, green, blue" + pairsOf("a>red", "b>green"),
			labels:  []string{"red", "green", "blue"},
			warning: `no example answers "blue"`},
		{name: "the same input with two outputs",
			spec:    "Labels: red, green" + pairsOf("a>red", "a>green"),
			labels:  []string{"red", "green"},
			warning: "lines 2 and 4"},
		{name: "extraction with an absent word keeps its freedom",
			spec: "Return the city or none." + pairsOf("to Rome>Rome", "to Oslo>Oslo", "nowhere>none", "to Bonn>Bonn")},
		{name: "quoted outputs and a quoted list",
			spec:   `Say "a b" or "c d".` + pairsOf(`"x">"a b"`, `"y">"c d"`),
			labels: []string{"a b", "c d"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s, err := Parse(tc.spec)
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(s.Labels, tc.labels) || s.LabelsInferred != tc.inferred {
				t.Errorf("labels %q inferred %v, want %q %v", s.Labels, s.LabelsInferred, tc.labels, tc.inferred)
			}
			if all := strings.Join(s.Warnings, "\n"); !strings.Contains(all, tc.warning) || tc.warning == "" && all != "" {
				t.Errorf("warnings %q, want %q", all, tc.warning)
			}
		})
	}
}
