package pseudo

import (
	"regexp"
	"strings"
)

// The cues: turns of phrase that come before a list of labels. Each is tried on
// one sentence. Where a cue is weak, the list behind it must also look like
// labels (see doubtful).

const (
	pluralNouns  = `labels|categories|classes|options|intents|tags|values|answers|queues|teams|topics|types|kinds|sentiments|choices|outcomes|departments|buckets|levels|severities|priorities|statuses|states|outputs|responses|replies|groups|moods|tones|verdicts|decisions|actions|ratings|grades|genres|emotions|words|stages|folders`
	looseNouns   = `values|answers|outputs|responses|replies|words|tones|moods|actions` // of many texts, too
	listNouns    = `label|category|class|sentiment|priority|severity|intent|topic|tag|verdict|status`
	replyNouns   = `output|answer|response|result|reply|return value`
	replyVerbs   = `answer|respond|reply|return|output|say|print|write|give|emit|produce|choose|pick|select|predict`
	adverbs      = `only|just|exactly|simply|always|strictly|either|with|one of|the word|the words|the label|the labels|a single word|one word|back|me|us`
	otherNouns   = `formats?|languages?|fields?|ways|forms|styles|patterns|steps|rules|columns|keys|examples|users|customers|these things|currencies|units`
	wordOrQuoted = `"[^"\n]{1,40}"|“[^”\n]{1,40}”|'[^'\n]{1,40}'|(?:-\d|[\p{L}\d])[\p{L}\d_/-]{0,30}`
)

var (
	oneOf      = regexp.MustCompile(`(?i)\bone of\s+(the|these|those|this|our|my)?\s*((?:(?:following|possible|allowed|valid|available|two|three|four|five|six|seven|eight|nine|ten|\d{1,2})\s+)*)(?:(` + pluralNouns + `|` + otherNouns + `|\p{L}+(?:\s*:))(?:\b|))?\s*(?:below|above)?\s*(?:\([^)]*\)\s*)?(:|-|–|—|\bis\b|\bare\b)?\s*`)
	oneOfColon = regexp.MustCompile(`(?i)\bone of\s*[:\-–—]\s*`)
	noun       = regexp.MustCompile(`(?i)\b(?:` + pluralNouns + `|` + listNouns + `)[*_]{0,2}\s*(?:\([^)]*\))?\s*(?::|=|\b(?:are|is|must be|should be|can be|can only be|will be|may be|include only)\b|\bincludes?\s*:)[*_]{0,2}\s*(?:(?:one of|either|exactly|only|always|just|the following|as follows|called|named)\b\s*:?\s*)*`)
	listedNoun = regexp.MustCompile(`(?i)\b(?:the|these|two|three|four|five|six|possible|valid|allowed|with|into|using|from|between)\s+(?:\w+\s+)?(?:labels|categories|classes|options|tags|intents|queues|buckets)\s+(?:called\s+|named\s+)?`)
	replyNoun  = regexp.MustCompile(`(?i)\b(?:` + replyNouns + `)[*_]{0,2}\s*(?::|\b(?:is|must be|should be|can be|can only be|will be|has to be)\b)[*_]{0,2}\s*(?:(?:` + adverbs + `|one of)\b\s*:?\s*)*`)
	replyVerb  = regexp.MustCompile(`(?i)\b(?:` + replyVerbs + `)\b\s*(?:(?:` + adverbs + `|between|among|from)\b\s*)*[:\-–—]?\s*`)
	sortVerb   = regexp.MustCompile(`(?i)\b(?:classify|categori[sz]e|label|tag|mark|flag|sort|route|assign|rate|grade|rank|group|file|triage|bucket|judge|score|detect|identify|distinguish|decide|choose|send|forward|direct|put)\b`)
	sortInto   = regexp.MustCompile(`(?i)\b(?:as|into|to|between|among)\b\s*(?:(?:either|being|one of|exactly|the|two|three|four|five|six|` + pluralNouns + `)\b\s*)*[:\-–—]?\s*`)
	sortColon  = regexp.MustCompile(`(?i)\b(?:classify|categori[sz]e|label|tag|mark|sort|route|assign|rate|grade|triage|judge|decide|determine|choose|tell|name)\b[^:.()]*:\s+`)
	chooseFrom = regexp.MustCompile(`(?i)\b(?:choose|pick|select)\b[^:,.]*\b(?:from|among|between)\s+(?:the\s+)?(?:following|options?|values?|labels?|categories)?\s*`)
	// "Kinds: credit score, expiration date": a word for labels and a colon at the start leave no doubt.
	nounFirst = regexp.MustCompile(`(?i)^\s*(?:possible |allowed |valid |the )?(?:labels|categories|classes|intents|tags|topics|types|kinds|groups|options|choices|statuses|verdicts|genres|emotions|sentiments)\s*(?:\([^)]*\))?\s*:\s*`)
	// A sentence that is nothing but "spam or ham?"
	orQuestion   = regexp.MustCompile(`(?i)^\s*[^:.?!]+\bor\b[^:.?!]+\?\s*$`)
	questionWord = regexp.MustCompile(`(?i)^\s*(?:is|are|was|were|am|do|does|did|can|could|should|would|will|may|might|must|has|have|had|which|what|who|whose|where|when|why|how|if|whether|or|tell|say|answer|return|please)\b`)
	askColon     = regexp.MustCompile(`(?i)^\s*(?:which|what|is (?:it|this|that))\b[^:]*:\s+`)
	nounParens   = regexp.MustCompile(`(?i)\b(?:` + pluralNouns + `|` + listNouns + `|bucket|queue|team|department|emotion|mood|tone|type|kind|level)\s*\(([^()]{3,400})\)\s*[.:?]?\s*$`)
	digitFor     = regexp.MustCompile(`(?i)(?:^|\s)(-?\d)\s+(?:for|if|when|means|otherwise)\b`)
	onlyParens   = regexp.MustCompile(`^\s*\(([^()]{3,400})\)[.:]?\s*$`)
	transform    = regexp.MustCompile(`(?i)\b(?:convert|normali[sz]e|standardi[sz]e|map|turn|translate|change|transform|rewrite|reformat|format|replace|clean|fix|parse|extract|strip|remove|capitali[sz]e|title-?case)\b`)
	intoBoolean  = regexp.MustCompile(`(?i)\b(?:to|into|as)\s+(?:either\s+)?(?:the\s+(?:words|values)\s+)?`)
	whether      = regexp.MustCompile(`(?i)\b(?:decide|determine|classify|judge|tell|detect|say|check|identify|predict|figure out|work out|find out)\b[^:]*\b(?:whether|if)\b[^:]*?\b(?:is|are|was|were|sounds|seems|looks)\s+(?:an?\s+)?`)
	innerArticle = regexp.MustCompile(`(?i)((?:,|/|\bor)\s+)an?\s+`)
	pairOf       = regexp.MustCompile(`(?i)\b(yes|no|true|false|y|n|0|1)\s*(/|\bor\b)\s*(yes|no|true|false|y|n|0|1)(\s+(?:question|classifier|classification|decision|check|only|please|depending|accordingly|based)\b|\s*[.,;:!?)]|\s*$)`)
	inParens     = regexp.MustCompile(`\(([^()]{3,200})\)`)
	hasOr        = regexp.MustCompile(`(?i)\bor\b|/|\|`)
	manyQuoted   = regexp.MustCompile(`(?i)(?:` + quotedWord + `)\s*(?:,|;|\.|\bif\b|\bwhen\b|\bfor\b|\bunless\b|\bor\b|\band\b|\bmeans\b|\betc\b|$)`)
	notLabels    = regexp.MustCompile(`(?i)\b(?:replace|remove|like|such as|except|ignore|drop|strip|e\.?g|treat|words?|expand|correct|instead of|abbreviat\w*|prefix\w*|suffix\w*|starting with|between)\b`)
	// Words around quotations that are some answers of many; elsewhere in the sentence they explain a label.
	sampleBefore = regexp.MustCompile(`(?i)\b(?:for (?:example|instance)|such as|including|e\.?\s?g\.?)[\s,:(]*$`)
	sampleAfter  = regexp.MustCompile(`(?i)^["”’'` + "`" + `]?[\s,]*(?:and |or )?(?:etc\b|so (?:on|forth)\b|similar\b|the like\b|…|\.\.)`)
	replyStart   = regexp.MustCompile(`(?i)\b(?:` + replyVerbs + `|classify|label|mark|tag|` + pluralNouns + `|` + listNouns + `)\b`)
)

const quotedWord = `"([^"\n]{1,60})"|“([^”\n]{1,60})”|‘([^’\n]{1,60})’|` + "`([^`\n]{1,60})`" + `|(?:^|[\s(/,])'([^'\n]{1,60})'`

// maxCues bounds the places of one sentence where a cue is tried.
const maxCues = 24

// fromSentence tries every cue on a sentence.
func fromSentence(s string, add func([]item, int, bool)) {
	if addsText.MatchString(s) {
		all := add
		add = func(items []item, rank int, _ bool) { all(items, rank, false) } // the examples decide
	}
	try := func(rest string, conj conjunction, rank int, ok func([]item, string) bool) {
		if openEnded.MatchString(clip(rest)) {
			return
		}
		items := splitList(rest, conj)
		strong := (ok == nil || ok(items, rest)) && !asksMore(clip(rest))
		add(items, rank, strong)
		if whole := splitList(rest, splitNever); len(whole) != len(items) {
			add(whole, rank, false) // "…, black and white": the examples decide
		}
	}
	weak := func(items []item, rest string) bool {
		return !doubtful(items) && (hasOr.MatchString(clip(rest)) || allQuoted(items))
	}
	listed := func(items []item, rest string) bool { return !doubtful(items) }

	for _, m := range oneOfColon.FindAllStringIndex(s, maxCues) {
		try(behind(s, m[1]), splitAnd, rankOneOf, nil)
	}
	for _, m := range oneOf.FindAllStringSubmatchIndex(s, maxCues) {
		tryOneOf(s, m, try)
	}
	for _, m := range noun.FindAllStringIndex(s, maxCues) {
		ok := listed
		if describes(s, m) {
			ok = func(items []item, rest string) bool { return weak(items, rest) || hasBoolean(items) }
		}
		try(behind(s, m[1]), splitAnd, rankNoun, ok)
	}
	for _, m := range listedNoun.FindAllStringIndex(s, maxCues) {
		try(behind(s, m[1]), splitAnd, rankNoun, listed)
	}
	for _, re := range []*regexp.Regexp{replyNoun, replyVerb} {
		for _, m := range re.FindAllStringIndex(s, maxCues) {
			try(behind(s, m[1]), splitOr, rankReply, weak)
		}
	}
	sorts := sortVerb.FindStringIndex(s)
	if sorts != nil {
		for _, m := range sortInto.FindAllStringIndex(s[sorts[1]:], maxCues) {
			ok := listed
			if strings.EqualFold(s[sorts[1]+m[0]:][:len("to")], "to") {
				ok = sortedTo(s, sorts, sorts[1]+m[0], weak, listed)
			}
			try(behind(s, sorts[1]+m[1]), splitAnd, rankSort, ok)
		}
	}
	if sorts != nil || replyStart.MatchString(s) {
		for _, m := range inParens.FindAllStringSubmatch(s, maxCues) {
			try(m[1], splitOr, rankSort, func(items []item, rest string) bool { return weak(items, rest) && !transform.MatchString(s) })
		}
	}
	if m := nounFirst.FindStringIndex(s); m != nil {
		try(behind(s, m[1]), splitAnd, rankNoun, nil)
	}
	if orQuestion.MatchString(s) && !questionWord.MatchString(s) {
		try(s, splitOr, rankWhether, func(items []item, rest string) bool { return weak(items, rest) && fewWords(items, 4) })
	}
	if m := sortColon.FindStringIndex(s); m != nil && !sampleBefore.MatchString(s[:m[1]]) {
		try(behind(s, m[1]), splitAnd, rankSort, listed)
	}
	if m := chooseFrom.FindStringIndex(s); m != nil {
		try(behind(s, m[1]), splitAnd, rankReply, listed)
	}
	if m := askColon.FindStringIndex(s); m != nil && !sampleBefore.MatchString(s[:m[1]]) {
		try(behind(s, m[1]), splitOr, rankSort, weak)
	}
	for _, re := range []*regexp.Regexp{onlyParens, nounParens} {
		if m := re.FindStringSubmatch(s); m != nil {
			try(m[1], splitAnd, rankSort, func(items []item, rest string) bool { return listed(items, rest) && len(items) > 2 })
		}
	}
	if m := whether.FindStringIndex(s); m != nil {
		try(innerArticle.ReplaceAllString(s[m[1]:], "$1"), splitOr, rankWhether, func(items []item, rest string) bool { return weak(items, rest) && fewWords(items, 2) })
	}
	if t := transform.FindStringIndex(s); t != nil {
		for _, m := range intoBoolean.FindAllStringIndex(s[t[1]:], maxCues) {
			try(behind(s, t[1]+m[1]), splitOr, rankReply, func(items []item, _ string) bool { return hasBoolean(items) })
		}
	}
	fromPairs(s, add)
	fromQuotes(s, add)
}

var (
	looseNoun   = regexp.MustCompile(`(?i)^(?:` + looseNouns + `)\b`)
	closedWords = regexp.MustCompile(`(?i)\b(?:possible|valid|allowed|permitted|acceptable|available|legal|only|either|exactly|following|called|named|one of|two|three|four|five|six)\b`)
	vagueSort   = regexp.MustCompile(`(?i)^(?:sort|file|group|rate|rank|score|grade|put|send|mark|flag|identify|detect)$`)
	soThat      = regexp.MustCompile(`(?i)\b(?:so|in order)\b[^,.;]*$`)
)

// describes tells whether a noun with a verb behind it tells how answers are rather than which there are: "responses should
// be polite and concise", but not "the possible responses are …".
func describes(s string, m []int) bool {
	cue := s[m[0]:m[1]]
	return looseNoun.MatchString(cue) && !strings.ContainsAny(cue, ":=") && !strings.HasPrefix(strings.TrimSpace(s[m[1]:]), ":") &&
		!closedWords.MatchString(s[max(0, m[0]-24):m[1]])
}

// sortedTo says what a list behind a verb of sorting and "to", which stands at `to`, must be: "sort from A to Z" and
// "convert the file name to lower case and underscores" name no labels.
func sortedTo(s string, verb []int, to int, weak, listed func([]item, string) bool) func([]item, string) bool {
	before := s[max(0, verb[0]-24):verb[0]]
	switch {
	case transform.MatchString(before), transform.MatchString(s[verb[1]:to]), soThat.MatchString(before):
		return func([]item, string) bool { return false } // the examples decide
	case vagueSort.MatchString(s[verb[0]:verb[1]]):
		return weak
	}
	return listed
}

var (
	// "Answer yes or no and explain why": yes alone is no right answer.
	addsText = regexp.MustCompile(`(?i)\band\s+(?:(?:then|also|briefly|shortly|please)\s+)*(?:explain|justify|(?:say|tell|state|describe|write)(?:\s+(?:me|us))?\s+(?:why|how|what|in)|(?:give|add|write|provide|include|state|mention|name|quote|append)\s+(?:(?:me|us|a|an|the|your|its|one|short|brief|main)\s+)*(?:reasons?|reasoning|explanations?|justifications?|sentences?|evidence|summary|why|quotes?|confidence|comments?|notes?))\b`)
	moreText = regexp.MustCompile(`(?i)\bor\s+[^,;:]{1,60}?,?\s+and\s+(?:(?:then|also|briefly|please)\s+)*(?:` + moreVerbs + `)\s+`)
	sameText = regexp.MustCompile(`(?i)^(?:with\s+)?(?:it|this|that|only|just|nothing|no|(?:the|a|one|your)\s+(?:single\s+)?(?:words?|labels?|answers?|results?|category|class))\b`)
)

// asksMore tells whether the text behind a cue wants more in the answer than a
// member of its list: "yes or no and name the sender".
func asksMore(rest string) bool {
	m := moreText.FindStringIndex(rest)
	return m != nil && !sameText.MatchString(rest[m[1]:])
}

// behind is what follows a cue, which may have taken the minus of "-1" for a dash.
func behind(s string, end int) string {
	if end > 0 && minusAt(s, end-1) {
		end--
	}
	return s[end:]
}

// tryOneOf reads "one of the following categories: …". "One of the users" and
// "one of these formats: …" are no labels.
func tryOneOf(s string, m []int, try func(string, conjunction, int, func([]item, string) bool)) {
	group := func(i int) string {
		if m[2*i] < 0 {
			return ""
		}
		return s[m[2*i]:m[2*i+1]]
	}
	det, adj, name, colon := group(1), group(2), group(3), group(4)
	if regexpOther.MatchString(name) {
		return
	}
	if strings.HasSuffix(name, ":") {
		colon = ":"
	}
	if det != "" && strings.TrimSpace(adj) == "" && name == "" && colon == "" {
		return // "one of the …" and a noun we do not know
	}
	try(behind(s, m[1]), splitAnd, rankOneOf, nil)
}

var regexpOther = regexp.MustCompile(`(?i)^(?:` + otherNouns + `)\s*:?$`)

// fromPairs finds "yes or no" and "true/false" where a clause ends with it.
func fromPairs(s string, add func([]item, int, bool)) {
	for _, m := range pairOf.FindAllStringSubmatchIndex(s, maxCues) {
		before := s[:m[0]]
		tail := before[max(0, len(before)-24):]
		strong := !transform.MatchString(before) || intoBoolean.MatchString(tail)
		strong = strong && !notLabels.MatchString(tail)
		a, b := s[m[2]:m[3]], s[m[6]:m[7]]
		if b == strings.ToLower(b) {
			a = strings.ToLower(a) // "Yes or no?": the capital belongs to the sentence
		}
		add([]item{{text: a}, {text: b}}, rankPair, strong)
	}
}

// fromQuotes finds several quoted words in one sentence that tells what to
// answer: Say "spam" for scams and "ham" for the rest.
func fromQuotes(s string, add func([]item, int, bool)) {
	var items []item
	samples := false
quotes:
	for _, m := range manyQuoted.FindAllStringSubmatchIndex(s, 2*maxLabels) {
		for g := 2; g < len(m); g += 2 {
			if m[g] < m[g+1] {
				if sampleBefore.MatchString(s[max(0, m[0]-24):m[0]]) {
					samples = samples || items == nil // else the list is over: "a" or "b", for example "a"
					break quotes
				}
				items = append(items, item{strings.TrimRight(s[m[g]:m[g+1]], ".,;"), true})
				samples = samples || sampleAfter.MatchString(s[m[g+1]:])
			}
		}
	}
	if len(items) == 0 { // Return 1 for positive and 0 for negative.
		for _, m := range digitFor.FindAllStringSubmatch(s, maxCues) {
			items = append(items, item{text: m[1]})
		}
	}
	add(items, rankQuoted, !samples && replyStart.MatchString(s) && !notLabels.MatchString(s) && !transform.MatchString(s) && !doubtful(items))
}

func clip(s string) string { return s[:min(len(s), maxListBytes)] }

func allQuoted(items []item) bool {
	for _, it := range items {
		if !it.quoted {
			return false
		}
	}
	return true
}

func fewWords(items []item, n int) bool {
	for _, it := range items {
		if len(strings.Fields(it.text)) > n {
			return false
		}
	}
	return true
}

func hasBoolean(items []item) bool {
	n := 0
	for _, it := range items {
		switch strings.ToLower(it.text) {
		case "yes", "no", "true", "false", "y", "n", "0", "1":
			n++
		}
	}
	return n >= 2
}
