package pseudo

import (
	"encoding/json"
	"regexp"
	"strings"
)

const (
	// Verbs and nouns of answers: what stands in front of "as JSON" when the answer is to be it.
	jsonVerbs = `return|output|respond|reply|answers?|write|produce|give|emit|print|convert|turn|translate|transform|rewrite|reformat|format|express|represent|encode|seriali[sz]e|parse|extract|pull|collect|get|find|identify|list|describe|summari[sz]e|classify|create|generate|make|build|structure|organi[sz]e|put|provide|present|render|report|show|export|save|deliver|map|normali[sz]e|split|break|fill|need|want|expect|outputs?|responses?|results?`
	// What one gets, and how it comes. "Read the order and answer as JSON" has both: the nearer word counts.
	jsonGiven = `(?:you|we|they|i|it|he|she|users?|customers?)(?: (?:will|also|may|can|then))* (?:get|have|send|receive|read|see|store|paste)|(?:are|is|be|being|was|were) given|receives?|received|read|take|^\s*given`
)

var (
	// directJSON finds "Return a JSON object with …", formJSON "as JSON", but neither "the name in the JSON" nor "from JSON".
	directJSON = regexp.MustCompile(`(?i)\b(?:(?:return|output|respond with|reply with|answer with|write|produce|give|emit):?|(?:output|answer|response|result|reply) (?:must|should|has to|will) be)(?: (?:only|just|exactly|me|back|a|an|one|the|single|valid|flat|compact|minified|strict|well-formed|result|results|answer|it|them))* json\b`)
	formJSON   = regexp.MustCompile(`(?i)\b(?:as|in|into|to) (?:a |an |one )?(?:single |valid |flat |compact |minified |strict )?json\b`)
	jsonCue    = regexp.MustCompile(`(?i)\b(` + jsonGiven + `)\b|\b(?:` + jsonVerbs + `)\b`)
	// "CSV to JSON" and "All fields as JSON, please" need no verb, "The order comes as JSON" has one.
	telling = regexp.MustCompile(`(?i)\b(?:inputs?|is|are|was|were|has|have|contains?|comes?|arrives?|holds?|stored|sent|saved|gets?|we|they|who|that|which)\b`)
	// "the order given as JSON"
	comesAs = regexp.MustCompile(`(?i)\b(?:given|sent|provided|supplied|passed|received|submitted|delivered|stored|logged|comes?|coming|arrives?|arriving)(?: (?:to|by|from) \w+)? $`)
	// "Convert the order in JSON to a table."
	goesOn  = regexp.MustCompile(`(?i)^(?: \w+)? (?:in)?to (?:a |an |plain )?(?:csv|yaml|xml|html|markdown|text|tables?|sentences?|prose|english)\b`)
	negated = regexp.MustCompile(`(?i)(?:\bnot|\bnever|n['’]t|\bdont|\bcannot)(?: [\w'’]+){0,2} $`)
	unlike  = regexp.MustCompile(`(?i)\b(?:instead of|rather than|but not|no longer) $`)
	// Others' wishes: "Decide whether the user wants to convert a file to JSON."
	reported = regexp.MustCompile(`(?i)\b(?:wants|asks|tries|needs|wishes|how|whether|customers? want|users? want)(?: \w+){0,3} to $`)
	// "Can you write it as JSON?" asks for it, "Does the user want to write JSON?" does not.
	answerable = regexp.MustCompile(`(?i)^(?:please |(?:can|could|would|will) (?:you|we|i)\b).*\?$|[^?]$`)
	spoken     = regexp.MustCompile(`(^|[\s(])(?:"[^"\s][^"\n]{0,80}"|“[^”\n]{1,80}”)`)
	// A sentence ends with its sign, or with its line where the next begins like one: text is wrapped, too.
	sentenceOf = regexp.MustCompile(`[.!?;]["'”)*_]*\s|\n\s*\n|\n\s*[-*•#\d]|\n\s*\p{Lu}\p{Ll}`)
)

// asksJSON tells whether a text asks for answers in JSON. Each sentence counts alone, so that "Do not answer in
// JSON" and "You get an order as JSON" ask for nothing, whatever stands around them.
func asksJSON(text string) bool {
	text = spoken.ReplaceAllString(text, "$1…") // words of others
	for len(text) > 0 {
		s := text
		if m := sentenceOf.FindStringIndex(text); m != nil {
			s, text = text[:m[0]+1], text[m[0]+1:]
		} else {
			text = ""
		}
		if sentenceAsksJSON(strings.Join(strings.Fields(s), " ")) {
			return true
		}
	}
	return false
}

func sentenceAsksJSON(s string) bool {
	if !answerable.MatchString(s) {
		return false
	}
	for _, m := range directJSON.FindAllStringIndex(s, maxCues) {
		if before := s[:m[0]]; !negated.MatchString(before) && !reported.MatchString(before) {
			return true
		}
	}
	for _, m := range formJSON.FindAllStringIndex(s, maxCues) {
		before := s[:m[0]]
		if negated.MatchString(before) || unlike.MatchString(before) || comesAs.MatchString(before) || goesOn.MatchString(s[m[1]:]) {
			continue
		}
		cues := jsonCue.FindAllStringSubmatchIndex(before, -1)
		if cues == nil {
			if !telling.MatchString(s) && !strings.EqualFold(s[m[0]:m[0]+3], "in ") {
				return true
			}
			continue
		}
		last := cues[len(cues)-1]
		if before = before[:last[0]]; last[2] < 0 && !negated.MatchString(before) && !reported.MatchString(before) {
			return true
		}
	}
	return false
}

// namesJSON tells whether a label does: "export to JSON" asks for none.
func namesJSON(label string) bool { return strings.Contains(strings.ToLower(label), "json") }

// wantsJSON is what the examples agree on; without any, what the task says. A wrong format would forbid right
// answers, so that a single example that is none decides against it.
func wantsJSON(s Spec, asked bool) bool {
	if len(s.Labels) > 0 {
		return false
	}
	for _, e := range s.Examples {
		if text := strings.TrimSpace(e.Output); text == "" || !strings.ContainsAny(text[:1], "{[") || !json.Valid([]byte(text)) {
			return false
		}
	}
	return len(s.Examples) > 0 || asked
}
