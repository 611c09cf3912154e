package pseudo

import (
	"regexp"
	"strings"
)

var (
	// "yes if …", at the start of a clause or after a verb that asks for it.
	branchIf = regexp.MustCompile(`(?i)(?:^\s*|[,;:.]\s+(?:and\s+|or\s+)?|\b(?:` + replyVerbs + `|mark as|label|is|be|with|and|or)\s+)(?:(?:only|just|exactly|with|it|as)\s+)*(` + wordOrQuoted + `),?\s+(?:if|when|whenever)\b`)
	// "otherwise no", "else answer no", "no otherwise".
	branchElse = regexp.MustCompile(`(?i)\b(?:otherwise|else|if not|in all other cases|in any other case|for (?:everything|anything) else)\b[,:]?\s*(?:(?:please|just|only|it is|it's)\s+)*(?:(?:` + replyVerbs + `|mark as)\s+(?:with\s+|only\s+|just\s+)*)?(` + wordOrQuoted + `)\s*(?:[.,;!)]|$)`)
	elseBranch = regexp.MustCompile(`(?i)(?:[,;]|\band|\bor)\s+(?:and\s+|or\s+)?(?:(?:` + replyVerbs + `)\s+)?(` + wordOrQuoted + `)\s+(?:otherwise|if not|in all other cases|for (?:everything|anything) else)\b`)
	// Words that stand before "if" or after "otherwise" without being answers.
	notAnswer = regexp.MustCompile(`(?i)^(?:only|even|especially|particularly|except|regardless|but|as|so|then|and|or|what|it|them|this|that|text|something|empty|one|see|check|say|tell|know|ask|wonder|matter|unsure|sure|not|keep|trim|leave|copy|use|return|convert|unchanged|continue|proceed|skip|the|do|done|is|are|present|possible|needed|necessary|there|here|any|answer|respond|reply|output|write|print|lower-?case|upper-?case|decide|determine|detect|classify)$`)
)

// fromBranches finds "yes if …, otherwise no", also over several sentences and
// with more branches.
func fromBranches(para string, add func([]item, int, bool)) {
	type hit struct {
		at int
		item
	}
	var hits []hit
	ifs, elses := 0, 0
	collect := func(re *regexp.Regexp, n *int) {
		for _, m := range re.FindAllStringSubmatchIndex(para, maxCues) {
			w := para[m[2]:m[3]]
			it := item{text: w}
			if bare := strings.Trim(w, `"'“”`); bare != w {
				it = item{strings.TrimRight(bare, ".,;"), true}
			} else if notAnswer.MatchString(w) || extractive.MatchString(w) {
				continue
			}
			hits = append(hits, hit{m[2], it})
			*n++
		}
	}
	collect(branchIf, &ifs)
	collect(branchElse, &elses)
	if elses == 0 {
		collect(elseBranch, &elses)
	}
	if ifs == 0 || ifs+elses < 2 {
		return
	}
	var items []item
	for len(hits) > 0 { // in the order of the text
		first := 0
		for i := range hits {
			if hits[i].at < hits[first].at {
				first = i
			}
		}
		items = append(items, hits[first].item)
		hits = append(hits[:first], hits[first+1:]...)
	}
	sure := elses > 0 || allQuoted(items) || hasBoolean(items)
	add(items, rankBranch, sure && !doubtful(items))
}
