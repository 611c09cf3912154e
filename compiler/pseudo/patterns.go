package pseudo

import (
	"fmt"
	"regexp"
	"strings"

	"paw/pattern"
)

var (
	// A cue and the mark that opens a pattern. "matching the regex `…`" is found by its last word.
	patternCue  = regexp.MustCompile(`(?i)\b(?:match(?:es|ing)?(?:\s+(?:exactly|the|this|a|following))*(?:\s+(?:pattern|format))?\s*:?|(?:pattern|format)[*_]*\s*:[*_]*|(?:regexp?|regular\s+expression)(?:\s+pattern)?\s*[*_]*:?[*_]*)\s*(["“/` + "`" + `])`)
	namesRegexp = regexp.MustCompile(`(?i)reg`)
	// A mark of expressions: 'Format: "Dear X,"' and "matching /etc/" have none.
	looksRegexp = regexp.MustCompile(`\\(?:[dwsDWS](?:[^A-Za-z]|$)|[.+*?()\[\]{}/$^|-])|^\^|\$$|[\])][*+?{]|[\w\])]\{\d+(?:,\d*)?\}|\.[*+]|\[\^?[^\]]*\w-\w[^\]]*\]`)

	// What may stand before "Format:" when it is the answer's.
	answerHead = regexp.MustCompile(`(?i)^[\s*•#>_\d.)-]*(?:(?:the|required|expected|exact|answer|output|response|reply|result|return)\s+)*$`)
	// A sentence about the answer, and one that is about something else or about some inputs only.
	aboutAnswer = regexp.MustCompile(`(?i)\b(?:return|output|respond|reply|answers?|write|produce|give|emit|print|result|response|extract|find|convert|format|normali[sz]e|turn|rewrite|generate)\b`)
	everyAnswer = regexp.MustCompile(`(?i)\b(?:each|every|all) (?:answers?|outputs?|responses?|results?|replies)\b`)
	aboutOther  = regexp.MustCompile(`(?i)\b(?:if|whether|when|unless|not|never|without|except|cannot|doesn['’]t|don['’]t|inputs?|remove|delete|replace|strip|drop|ignore|skip|mask|redact|censor|count|number of|length|how many|each|every|all|any|words|lines|parts|those|items|check|validate|verify|test)\b`)

	// Answers beside the pattern: in its own sentence, or for some inputs in another one.
	nothingElse = regexp.MustCompile(`(?i)\b(?:(?:and |with )?nothing (?:else|more)|(?:and )?no other (?:text|words?))\b`)
	orElse      = regexp.MustCompile(`(?i)\b(?:or|otherwise|else|unless|except|followed|then|if|when)\b`)
	someAnswers = regexp.MustCompile(`(?i)\b(?:if|otherwise|when|unless)\b[^.!?\n]*\b(?:` + sayVerbs + `)\b|\b(?:` + sayVerbs + `)\b[^.!?\n]*\b(?:if|otherwise|when|unless)\b`)

	// "Find the line matching … and return its code": the pattern is of what is looked for. "… and return it" adds nothing.
	nextVerb  = regexp.MustCompile(`(?i)(?:,\s+(?:` + sayVerbs + `)|\b(?:and|then|but)\s+(?:(?:then|please|finally|only|just|also)\s+)*(?:` + sayVerbs + `|produce|give|emit|extract|find|convert|format|normali[sz]e|turn|rewrite|generate|summari[sz]e|translate|explain|describe|tell|name|list|count|classify))\b`)
	thatOnly  = regexp.MustCompile(`(?i)^(?:\s+(?:with|only|just|exactly|back))*\s+(?:it|that|this|them|nothing|no|the match(?:ing (?:text|part))?)(?:\s+(?:only|alone|unchanged|verbatim|exactly|as|and|without|with|else|more|other)\b|\s*[,.;:)]|\s*$|\s+(?:text|words?|output)\b)`)
	theNoun   = regexp.MustCompile(`(?i)^(?:\s+(?:with|only|just|exactly|back))*\s+(?:the|that|this)\s+(?:matching\s+)?(\p{L}+)\s*(?:only|alone|itself|unchanged|and nothing|with nothing|[,.;:)]|$)`)
	mustMatch = regexp.MustCompile(`(?i)\bmust\s*$|\b(?:` + sayVerbs + `)\s+(?:(?:with|only|just|exactly|a|the|some)\s+)*(?:texts?|strings?|answers?|outputs?)\s*(?:that\s*)?$`)

	sentenceEnd = regexp.MustCompile(`[.!?;]["'”)]*\s|\n\s*\n|\n\s*[-*•#\d]`)
)

const sayVerbs = `return|answer|reply|output|say|write|respond|print`

// statedPattern is an expression that the text shows as one.
type statedPattern struct {
	expr     string
	from, to int  // of the expression in the text, without its quotes
	answers  bool // the sentence says that answers match it
	alone    bool // and names no other answers
}

// statedPatterns finds the expressions of a text.
func statedPatterns(text string) []statedPattern {
	var out []statedPattern
	end := 0 // of the last one: a cue inside it is none
	for _, m := range patternCue.FindAllStringSubmatchIndex(text, maxCues) {
		p, after, ok := readPattern(text, m[2], m[3])
		cue := text[m[0]:m[2]]
		if m[0] < end || !ok || !namesRegexp.MatchString(cue) && !looksRegexp.MatchString(p.expr) {
			continue
		}
		end = after
		before := text[:m[0]]
		if ends := sentenceEnd.FindAllStringIndex(before, -1); ends != nil {
			before = before[ends[len(ends)-1][1]:]
		}
		heading := strings.Contains(cue, ":") && answerHead.MatchString(before)
		before = everyAnswer.ReplaceAllString(before, "answer")
		p.answers = heading || aboutAnswer.MatchString(before) && !aboutOther.MatchString(before)
		rest := text[after:]
		if stop := sentenceEnd.FindStringIndex(rest); stop != nil {
			rest = rest[:stop[0]]
		}
		if verb := nextVerb.FindStringIndex(rest); verb != nil && !mustMatch.MatchString(before) && !sameThing(rest[verb[1]:], before) {
			p.answers = false
		}
		p.alone = !orElse.MatchString(nothingElse.ReplaceAllString(rest, "")) && !someAnswers.MatchString(text[:m[0]]) && !someAnswers.MatchString(text[after:])
		out = append(out, p)
	}
	return out
}

// sameThing tells whether what follows a verb behind a pattern is what matches it: "it", or the noun before.
func sameThing(rest, before string) bool {
	if thatOnly.MatchString(rest) {
		return true
	}
	m := theNoun.FindStringSubmatch(rest)
	return m != nil && strings.Contains(strings.ToLower(" "+before), " "+strings.ToLower(m[1])+" ")
}

// readPattern reads what stands in quotes. Slashes within other quotes belong to the quotes.
func readPattern(text string, open, from int) (p statedPattern, after int, ok bool) {
	quote := text[open:from]
	if quote == "“" {
		quote = "”"
	}
	to := endOfQuote(text, from, quote)
	if to <= from {
		return p, 0, false
	}
	after = to + len(quote)
	inner := text[from:to]
	flags := ""
	switch n := len(inner); {
	case quote == "/":
		flags = text[after : after+len(text[after:])-len(strings.TrimLeft(text[after:], "abcdefghijklmnopqrstuvwxyz"))]
		after += len(flags)
		if strings.Trim(flags, "dgimsuvy") != "" || after < len(text) && strings.ContainsAny(text[after:after+1], "/_-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ") {
			return p, 0, false // a path goes on
		}
	case n > 2 && inner[0] == '/':
		if end := endOfQuote(text, from+1, "/"); end > from+1 && end < to && strings.Trim(text[end+1:to], "dgimsuvy") == "" {
			inner, flags = text[from+1:end], text[end+1:to]
			from, to = from+1, end
		}
	}
	p.expr, p.from, p.to = inner, from, to
	if strings.ContainsAny(flags, "ims") {
		p.expr = "(?" + flags + ")" + inner // which is refused, with what to write instead
	}
	return p, after, true
}

// endOfQuote is where a quote ends, on the same line; -1 if it does not.
func endOfQuote(text string, from int, quote string) int {
	class := false
	for i := from; i < len(text) && text[i] != '\n'; i++ {
		switch {
		case text[i] == '\\' && quote != "`":
			if i++; i < len(text) && text[i] == '\n' {
				return -1
			}
		case strings.HasPrefix(text[i:], quote) && !(class && quote == "/"):
			return i
		case text[i] == '[':
			class = true
		case text[i] == ']':
			class = false
		}
	}
	return -1
}

// withoutPatterns is the document as labels are looked for in it: its expressions blanked out, for (low|high)-\d
// lists no labels, and all its spaces plain, for \s of the rules knows no others.
func (d document) withoutPatterns(found []statedPattern) document {
	out := document{pairs: d.pairs}
	start := 0 // of the line in the joined text
	for _, l := range d.lines {
		var b strings.Builder
		at := 0
		for ; len(found) > 0 && found[0].from < start+len(l.text); found = found[1:] { // none goes over the end of a line
			b.WriteString(l.text[at:found[0].from-start] + "…")
			at = found[0].to - start
		}
		b.WriteString(l.text[at:])
		out.lines = append(out.lines, line{plainSpaces(b.String()), l.no})
		start += len(l.text) + 1
	}
	return out
}

// answerPattern is what all answers of a spec match. A wrong pattern would forbid right answers, so that it is
// used only where nothing in the text or the examples speaks against it; the warning says what does.
func answerPattern(s Spec, found []statedPattern) (expr, warning string) {
	alone := true
	for _, p := range found {
		if !p.answers {
			continue
		}
		if expr != "" && expr != p.expr {
			return "", fmt.Sprintf("answers are not held to a pattern, because there are two, %q and %q: keep one, or join them with |", short(expr), short(p.expr))
		}
		expr, alone = p.expr, alone && p.alone
	}
	if expr == "" {
		return "", ""
	}
	p, err := pattern.Compile(expr)
	if err != nil {
		return "", fmt.Sprintf("answers are not held to the pattern: %v", err)
	}
	for _, e := range s.Examples {
		if !p.Match(e.Output) {
			return "", fmt.Sprintf("answers are not held to the pattern %q, because it does not match the example's output %q: correct one of them", short(expr), short(e.Output))
		}
	}
	if !alone {
		return "", fmt.Sprintf("answers are not held to the pattern %q, because the text names answers beside it: write them into the pattern, as in (…|none)", short(expr))
	}
	return expr, ""
}
