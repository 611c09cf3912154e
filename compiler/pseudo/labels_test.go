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
	// a word for labels and a colon; a bare question; "tell me the … : a, b"
	{"Sort by kind. Kinds: credit score, card declined, card expiration date.", "credit score|card declined|card expiration date"},
	{"We receive a chat message. spam or ham?", "spam|ham"},
	{"A ticket comes in. lost card, card limit or credit score?", "lost card|card limit|credit score"},
	{"Tell me the topic of this text: traffic, taxi, train.", "traffic|taxi|train"},
	{"You get a note. Is it long or short?", ""},
	{"Tell me the following: name, date, amount.", ""},
	{"Read the mail. How many dogs or cats does she have?", ""},
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
	{"Labels for the ticket:\n\u00a0- urgent\n\u00a0- wait", "urgent|wait"},
	{"Labels for the ticket:\n\u3000• urgent\n\u2003• wait", "urgent|wait"},
	{"Labels for the ticket:\n\t\u00a0-\u00a0not urgent\n\t\u00a0- wait", "not urgent|wait"},
	{"Labels:\u00a0urgent,\u00a0wait,\u202flater", "urgent|wait|later"},

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
	{"Turn the guest's reply into true, false or unknown.", "true|false|unknown"}, {"Reply with true or false and nothing more.", "true|false"},
	{"Answer positive, negative or neutral and nothing more.", "positive|negative|neutral"},
	{"Answer positive, negative, or neutral and keep it short.", "positive|negative|neutral"},
	{"Answer with cat or dog and do not explain.", "cat|dog"},
	{"Answer with cat or dog and write it in capitals.", "cat|dog"},
	{"Decide if it is a review or a question and return spam or ham.", "spam|ham"},
	{"Classify it as question or answer and reply with the label.", "question|answer"},
	{"Answer yes or no and only that.", "yes|no"},
	{"Reply with fire or search and rescue.", "fire|search and rescue"},
	{"The customs are trick or treat, carols, and show and tell.", ""},
	// a minus is no dash
	{"Classify the sentiment as -1, 0 or 1.", "-1|0|1"},
	{"How does the writer feel?\nLabels: -1, 0, 1", "-1|0|1"},
	{"Classify it as 1, 0 or -1.", "1|0|-1"},
	{"Return -1, 0 or 1.", "-1|0|1"},
	{"Say the mood. One of:-1,0,1.", "-1|0|1"},
	{"Say the mood, one of -1/0/1.", "-1|0|1"},
	{"The answer is - yes or no - in lower case.", "yes|no"},
	{"Output -1 if the writer is unhappy, otherwise 1.", "-1|1"},
	{"Moods:\n* -1: bad\n* 0: so so\n* 1: good", "-1|0|1"},
	{"You get a support ticket.\nInput: the text of the ticket\nOutput: one of billing, technical, other", "billing|technical|other"},
	{"Input: the text of the ticket\nOutput: One of:\n- billing\n- not urgent", "billing|not urgent"},
	{"Tell me what the weather is like: sunny, rainy or mixed.", "sunny|rainy|mixed"},
	{"How many? Answer one, two or three.", "one|two|three"},
	{"Return 0, 1 or 2 for the number of names.", "0|1|2"},
	{"Rate the film: one star, two stars or three stars.", "one star|two stars|three stars"},
	{"Label the mail \"urgent\" or \"wait\", for example \"urgent\" for gas.", "urgent|wait"},
	{"Answer yes or no and in lower case.", "yes|no"},
	{"Reply with buy, sell or hold and not a word more.", "buy|sell|hold"},
	{"Say \"spam\" for junk, for example ads, and \"ham\" for the rest.", "spam|ham"},
	{"Say \"spam\" for junk, including ads, and \"ham\" for mail, bills, etc.", "spam|ham"},

	// branches
	{"People write to us. Answer yes if it is a question, otherwise no.", "yes|no"},
	{"yes if the customer is angry, otherwise no", "yes|no"},
	{"Output 1 if the sentence is about money, else 0.", "1|0"},
	{"Return true when the date lies in the past. Otherwise return false.", "true|false"},
	{"Say urgent if someone is in danger, soon if it should happen this week, and later otherwise.", "urgent|soon|later"},
	{"Is this spam? Say \"yes\" if it is, and \"no\" if it isn't.", "yes|no"},
	{"Is this an order or a question? Answer order or question.", "order|question"},

	// a second round, written after the rules
	{"Given a customer review, determine its sentiment. Output should be one of positive, negative, or mixed.", "positive|negative|mixed"},
	{"You are a classifier for news headlines. Possible categories: World, Sports, Business, Sci/Tech.", "World|Sports|Business|Sci/Tech"},
	{"Classify bank transactions into groceries, rent, salary and other.", "groceries|rent|salary|other"},
	{"Does the sentence contain sarcasm? Reply yes or no only.", "yes|no"},
	{"Is the following product description in English? Return true/false.", "true|false"},
	{"Detect whether a comment is toxic. Return \"toxic\" or \"ok\".", "toxic|ok"},
	{"Assign priority: P1 (outage), P2 (degraded), P3 (cosmetic).", "P1|P2|P3"},
	{"Label the intent of the user's message. Allowed intents are: book_flight, cancel_flight, check_status.", "book_flight|cancel_flight|check_status"},
	{"Categorize the support request.\n\nCategories:\n- Billing – payment problems\n- Bug – something is broken\n- Feature request – something new", "Billing|Bug|Feature request"},
	{"Tell if an email needs a reply. Answer \"reply\" when it does and \"skip\" when it doesn't.", "reply|skip"},
	{"Answer YES if the patient mentions pain, otherwise NO.", "YES|NO"},
	{"Return 1 for positive and 0 for negative sentiment.", "1|0"},
	{"Decide who should handle the request: sales, support, or legal.", "sales|support|legal"},
	{"What emotion does the speaker feel? (joy, anger, fear, sadness)", "joy|anger|fear|sadness"},
	{"Classify the animal as mammal/bird/fish/reptile/insect", "mammal|bird|fish|reptile|insect"},
	{"The answer is either \"fact\" or \"opinion\". Read the sentence and decide.", "fact|opinion"},
	{"Route messages to one of three teams: onboarding, retention, or refunds.", "onboarding|retention|refunds"},
	{"Judge the risk of the loan. Choose from low, medium and high.", "low|medium|high"},
	{"Use the labels A1, A2, B1, B2, C1 and C2 for the language level of the text.", "A1|A2|B1|B2|C1|C2"},
	{"Respond with only the word hot, cold, or mild.", "hot|cold|mild"},
	{"Classify: spam, not spam", "spam|not spam"},
	{"Is it a bug report or a feature request? Output bug or feature.", "bug|feature"},
	{"Grade the answer: correct, partially correct, incorrect. Output the grade only.", "correct|partially correct|incorrect"},
	{"Select the best option among red, green, and blue for the mood of the text.", "red|green|blue"},
	{"Classify emails.\n\n1. Urgent: needs an answer today\n2. Normal: can wait\n3. Junk: delete\n\nReturn just the category name.", "Urgent|Normal|Junk"},
	{"Respond `ALLOW` if the request is safe, `DENY` if it is not, and `REVIEW` if you are unsure.", "ALLOW|DENY|REVIEW"},
	{"Read the doctor's note and tell me the department. Options: cardiology, neurology, orthopaedics, other", "cardiology|neurology|orthopaedics|other"},
	{"Flag job ads as real or fake.", "real|fake"},
	{"I want to know if a review complains about price. Answer only yes or no, no explanations.", "yes|no"},
	{"Turn this into a category name. Use one of these: Home, Garden, Toys.", "Home|Garden|Toys"},
	{"Which season does the text describe: spring, summer, autumn or winter?", "spring|summer|autumn|winter"},
	{"Classify the sentence by tense. Answer past, present or future.", "past|present|future"},
	{"Label = SPORT, POLITICS, TECH. Read a headline and give the label.", "SPORT|POLITICS|TECH"},
	{"Output \"A\" when the email is from a customer, \"B\" when it is from a supplier.", "A|B"},
	{"Say true if the address is complete, or false if a part is missing.", "true|false"},
	{"Decide if this is a compliment / insult / neither", "compliment|insult|neither"},
	{"Give me the traffic light colour for the project status: red, amber, green.", "red|amber|green"},
	{"Return the class of the news item. Classes: 0 = world, 1 = sport, 2 = business", "0|1|2"},
	{"Is the parcel late? y/n", "y|n"},
	{"Detect language and return en, de, fr or es.", "en|de|fr|es"},
	{"Assign each complaint to a bucket (food, service, cleanliness, noise).", "food|service|cleanliness|noise"},
	{"Which of our three shops is meant? Answer with Main Street, Harbour or Airport.", "Main Street|Harbour|Airport"},
	{"Decide whether the text is a question, a request or an offer.", "question|request|offer"},
	{"Choose the right answer to the question (choices are hotter or colder ): is a big star hot?", "hotter|colder"},
	{"Find the topic of the article. Possible categories include: Music, Sports, World News.", "Music|Sports|World News"},
	{"Are the two sentences the same? Yes or no?", "yes|no"},
	{"Are the two sentences the same? Yes or No?", "Yes|No"},
	{"Classify whether the user is content. Respond with \"Satisfied\" or \"Unsatisfied\".\n- Agent: may I help?\n- Customer: no", "Satisfied|Unsatisfied"},

	// no labels
	{"Summarize the notes. Write two or three bullet points.", ""},
	{"Give three or four suggestions.", ""},
	{"Return one, two or 3 ideas.", ""},
	{"The output should be two or three paragraphs long.", ""},
	{`Return the product name, for example "iPhone 15", "Galaxy S24" or "Pixel 8".`, ""},
	{`Return the product name, for instance: "iPhone 15", "Galaxy S24" or "Pixel 8".`, ""},
	{`Return the product name, such as "iPhone 15", "Galaxy S24" or "Pixel 8".`, ""},
	{`Return the product name (e.g. "iPhone 15", "Galaxy S24" or "Pixel 8").`, ""},
	{`Say "spam" for junk, for example "free money", otherwise copy the text.`, ""},
	{`Return the brand, including "Apple", "Samsung" or "Google".`, ""},
	{`Return the brand: "Apple", "Samsung", "Google", etc.`, ""},
	{`Return the brand ("Apple", "Samsung", "Google" etc.).`, ""},
	{"Is it spam? Answer yes or no and explain why.", ""},
	{"Is it spam? Answer yes or no, and give a short reason.", ""},
	{"Answer spam or ham and name the sender.", ""},
	{"Answer spam or ham and then add one sentence about it.", ""},
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
	{"Shorten the message to at most ten words, keep names and numbers.", ""},
	{"Pick out the ingredient and the amount, for example flour, 200 g.", ""},
	{"Give the opposite of the word: hot becomes cold, big becomes small.", ""},
	{"Return the tracking code, it starts with DE or AT and has nine digits.", ""},
	{"Change American spelling to British spelling, -ize to -ise, color to colour.", ""},
	{"Write an emoji that matches the mood, happy, sad or angry or whatever fits.", ""},
	{"Find the weekday or date of the appointment and return it as written.", ""},
	{"Replace smileys like :) or :( by the words happy or sad.", ""},
	{"Return the sender's name. If it is a company, return the company's name.", ""},
	{"Read a line like \"2x apples / 3x pears\" and return the total number of pieces.", ""},
	{"Make the sentence more formal, but keep greetings, names, and dates.", ""},
	{"Return the title of the book or film mentioned, or unknown.", ""},
	{"Answer in French, politely and briefly.", ""},
	{"Take a price in euros, dollars or pounds and print only the number.", ""},
	{"Rate movie reviews from 1 to 5 stars.", ""},
	{"Extract the product name, quantity and unit price from the order line.", ""},
	{"Return only the first URL in the message, or an empty string.", ""},
	{"Convert temperatures given in Celsius or Fahrenheit to Kelvin.", ""},
	{"Rewrite the sentence so that it is polite, short, and friendly.", ""},
	{"Parse dates in either US or European style and return ISO 8601.", ""},
	{"Given a full name, return the initials, e.g. John Smith -> JS.", ""},
	{"Answer the question using only the text, in one or two words.", ""},
	{"Output a JSON object with the keys name, age, and city.", ""},
	{"Turn a list of items separated by commas, semicolons or slashes into one item per line.", ""},
	{"Rewrite times such as 5pm, 17.00 or 5 o'clock as 17:00.", ""},
	{"Say what language the text is in, for example English, French or German.", ""},
	{"Strip HTML tags like <b>, <i>, or <p> from the text and return plain text.", ""},
	{"Generate a slug: lower case, hyphens instead of spaces, no accents or symbols.", ""},
	{"Tell me the singular or plural form the author should have used.", ""},
	{"Return the last word of the sentence, without quotes or punctuation.", ""},
	{"Identify the person or organisation who sent the letter and return the name.", ""},
	{"Remove swear words and slurs; return the cleaned text or the original if nothing was found.", ""},
	{"Fix capitalization: names, places, and the first word of each sentence.", ""},
	{"Give the capital of the country mentioned, or \"none\" if no country is mentioned.", ""},
	{"Normalise units: write g, kg, ml or l after the number without a space.", ""},
	{"Complete the sentence with a word or two that fit.", ""},
	{"Mask card numbers and names: replace each with X or a dash.", ""},
	{"Convert yes, yeah, yep, or sure to the matching formal phrase.", ""},
	{"Write the number as words or the words as a number.", ""},
	// how answers are, not which there are
	{"Write a reply to the customer's complaint. Responses should be polite and concise.", ""},
	{"Rewrite the text for children. The words should be short and simple.", ""},
	{"Sort the names from A to Z, separated by commas.", ""},
	{"Convert the file name to lower case and underscores.", ""},
	{"Convert the file name to snake case or kebab case.", ""},
	{"Rewrite the note so that I can send it to colleagues and clients.", ""},
	{"Read the invoice and return these values:\n- invoice number\n- date\n- total amount", ""},
	{"Read the invoice and return the following values:\n- vendor\n- total", ""},
	{"Respond with a message that is:\n- polite\n- brief\n- professional", ""},
	{"Your replies should be:\n- short\n- friendly", ""},
	{"Is the shop open? Answers are yes and no.", "yes|no"},
	{"Is the shop open? The only responses are open and closed.", "open|closed"},
	{"Is the shop open? Answers: open, closed", "open|closed"},
	{"Possible answers are:\n- open\n- closed", "open|closed"},
	{"The values must be low, medium or high. How loud is it?", "low|medium|high"},
	{"Route the ticket to billing, tech and sales.", "billing|tech|sales"},
	{"Send the ticket to billing, tech or sales.", "billing|tech|sales"},
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
		{name: "an explanation that the examples do without",
			spec:   "Answer yes or no and explain why." + pairsOf("a>yes", "b>no"),
			labels: []string{"yes", "no"}},
		{name: "outputs in quotes and with a full stop are spellings of the list",
			spec:    "Return one of: urgent, wait." + pairsOf(`gas leak>"urgent"`, `tap drips>Wait.`),
			labels:  []string{`"urgent"`, "Wait."},
			warning: "the spelling of the examples is used"},
		{name: "several topics at once are an answer",
			spec: "Tag each headline with every topic that applies, separated by commas." + pairsOf("Minister opens stadium>politics, sport", "Tax bill>politics", "Cup final>sport")},
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
