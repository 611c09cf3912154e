package pseudo

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// item is one member of a list found in running text.
type item struct {
	text   string
	quoted bool
}

// maxListBytes bounds the text looked at behind one cue, which keeps the whole
// search linear. 64 labels of three words fit.
const maxListBytes = 2000

var closing = map[rune]rune{'"': '"', '\'': '\'', '`': '`', '“': '”', '‘': '’', '«': '»', '„': '“'}

type token struct {
	text string
	kind byte // 't' text, 'q' quoted, or the separator itself: ',' ';' '/' '|'
}

// scanList splits text into quoted strings, separators and the rest. What stands
// in parentheses explains a label and is dropped.
func scanList(s string) []token {
	var toks []token
	start := 0
	flush := func(end int) {
		if end > start {
			toks = append(toks, token{s[start:end], 't'})
		}
	}
	prev := ' '
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == ',' || r == ';' || r == '|' || r == '/':
			flush(i)
			toks = append(toks, token{string(r), byte(r)})
			start = i + n
		case r == ')':
			flush(i) // closes a bracket before the list: the list ends here
			return toks
		case r == '(':
			if end := strings.IndexByte(s[i:], ')'); end > 0 {
				flush(i)
				start, n = i+end+1, end+1
			}
		case closing[r] != 0 && !wordRune(prev):
			if end := closeQuote(s[i+n:], closing[r]); end > 0 {
				flush(i)
				toks = append(toks, token{strings.TrimSpace(s[i+n : i+n+end]), 'q'})
				n += end + utf8.RuneLen(closing[r])
				start = i + n
			}
		}
		prev = r
		i += n
	}
	flush(len(s))
	return toks
}

// closeQuote finds the end of a quotation: the quote must not be inside a word
// (an apostrophe), and the quotation is short and on one line.
func closeQuote(s string, q rune) int {
	for i, r := range s {
		if i > 80 || r == '\n' {
			return -1
		}
		if r == q {
			after, _ := utf8.DecodeRuneInString(s[i+utf8.RuneLen(r):])
			if !wordRune(after) {
				return i
			}
		}
	}
	return -1
}

func wordRune(r rune) bool { return r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsDigit(r)) }

// conjunction says which words separate the last two members of a list.
type conjunction byte

const (
	splitOr    conjunction = iota // "a or b"; with a separator also "a, b and c"
	splitAnd                      // also "a and b"
	splitNever                    // "red, pink, black and white" has three members
)

// splitList reads the members of a list: "a, b, or c", "a/b/c", "a; b; c",
// "a or b", quoted or not. The strongest separator present decides, so that
// "n/a, yes, no" has three members, and "trick or treat, carols, or none" too.
func splitList(s string, conj conjunction) []item {
	if len(s) > maxListBytes {
		s = strings.ToValidUTF8(s[:maxListBytes], "")
	}
	s = afterList.ReplaceAllString(inBrackets(trimLead(s, " \t:-–—")), "")
	toks := scanList(s)
	sep := byte(0)
	for _, k := range []byte{'|', ';', ',', '/'} {
		if i := indexKind(toks, k); i >= 0 {
			sep = k
			break
		}
	}
	var groups [][]token
	cur := []token{}
	for _, t := range toks {
		if t.kind == sep {
			groups = append(groups, cur)
			cur = nil
			continue
		}
		cur = append(cur, t)
	}
	groups = append(groups, cur)

	var items []item
	for i, g := range groups {
		c := splitNever
		if i == len(groups)-1 {
			c = conj
			if sep != 0 && conj == splitOr {
				c = splitAnd
			}
		}
		items = append(items, readGroup(g, i == len(groups)-1, c)...)
	}
	return items
}

// inBrackets returns what a bracket at the beginning holds: "[a, b] for each".
func inBrackets(s string) string {
	t := strings.TrimSpace(s)
	for _, b := range []string{"[]", "()", "{}"} {
		if strings.HasPrefix(t, b[:1]) {
			if end := strings.IndexByte(t, b[1]); end > 0 {
				return t[1:end]
			}
		}
	}
	return s
}

func indexKind(toks []token, k byte) int {
	for i, t := range toks {
		if t.kind == k {
			return i
		}
	}
	return -1
}

// moreVerbs ask for more than the list when something follows them.
const moreVerbs = `say|answer|reply|respond|tell|give|add|state|write|return|output|provide|mention|describe|include|quote|name`

// tailWords begin what follows "a or b and" when it is no label.
const tailWords = `then|also|briefly|never|always|explain|justify|stop|(?:` + moreVerbs + `|keep|use)\s+\S+|(?:no|not)\s+(?:any\w*|a|other|more|further|extra|additional|explanations?|comments?|punctuation)`

var (
	leadingConj = regexp.MustCompile(`(?i)^\s*(?:(?:or|and|either|&)\s+)+`)
	conjOnly    = regexp.MustCompile(`(?i)^\s*(?:(?:or|and|either|vs\.?|&)\s*)*$`)
	conjAtEnd   = regexp.MustCompile(`(?i)(?:^|\s)(?:or|and|&|vs\.?)\s*$`)
	orInside    = regexp.MustCompile(`(?i)\s+or\s+`)
	andInside   = regexp.MustCompile(`(?i)\s+(?:and|&)\s+`)
	// What follows a list after a comma.
	afterList = regexp.MustCompile(`(?i)[,;]\s+(?:and\s+|but\s+|with\s+)?(?:nothing (?:else|more)|no (?:other|explanations?|extra|punctuation|further)|without|in (?:lower|upper|small|capital)|only\b|depending|based|according|whichever|whatever|as appropriate|never|do not|don't)\b.*$`)
	// What explains a label after it.
	explained = regexp.MustCompile(`\s*(?::|->|→)(?:\s.*|$)|\s+(?:-|–|—)\s.*$|\s*=.*$`)
	// What follows the last label in a sentence.
	afterLast = regexp.MustCompile(`(?i)[\s,]+(?:based on|depending|according|accordingly|if|when|whether|unless|(?:and )?(?:nothing (?:else|more)|only|without|with no)|that|which|given|so that|because|for each|for every|for the|to indicate|to describe|to say|to show|as appropriate|as a|as the|(?:and )?in (?:lower|upper|small|capital|all|one|plain|this|that|the|tone|style|nature|mood)\b|and do not|and don't|and never|but|please|by|using|\(|-(?:\D|$)|–|—).*$`)
	// What the answer also holds or must not, after "a or b": only there "and keep it short" cannot be a label.
	afterOr = regexp.MustCompile(`(?i)\s+and\s+(?:` + tailWords + `)\b.*$`)
	orWord  = regexp.MustCompile(`(?i)(?:^|\s)or\s`)
)

// readGroup reads what stands between two separators. Only the last member may
// hide a conjunction; in the middle "trick or treat" is one label.
func readGroup(g []token, last bool, conj conjunction) []item {
	var quotes []item
	before := ""
	text := ""
	for _, t := range g {
		if t.kind == 'q' {
			if t.text != "" && (conjOnly.MatchString(before) || conjAtEnd.MatchString(before)) {
				quotes = append(quotes, item{t.text, true})
			}
			before = ""
		} else {
			before += t.text
		}
		text += t.text
	}
	if len(quotes) > 0 {
		return quotes
	}
	if last && orWord.MatchString(text) {
		text = afterOr.ReplaceAllString(text, "")
	}
	text = leadingConj.ReplaceAllString(text, "")
	text = explained.ReplaceAllString(text, "")
	if last {
		text = afterLast.ReplaceAllString(text, "")
	}
	parts := []string{text}
	switch {
	case conj == splitNever:
	case orInside.MatchString(text):
		parts = orInside.Split(text, -1)
	case conj == splitAnd && andInside.MatchString(text):
		parts = andInside.Split(text, -1)
	}
	var items []item
	for _, p := range parts {
		if p = trimLabel(p); p != "" {
			items = append(items, item{p, false})
		}
	}
	return items
}

// trimLead takes signs off the beginning, but leaves a number its minus.
func trimLead(s, signs string) string {
	rest := strings.TrimLeft(s, signs)
	if cut := len(s) - len(rest); cut > 0 && minusAt(s, cut-1) {
		return s[cut-1:]
	}
	return rest
}

// minusAt tells whether the minus of a number stands at a place of a text.
func minusAt(s string, i int) bool {
	return i+1 < len(s) && s[i] == '-' && '0' <= s[i+1] && s[i+1] <= '9'
}

// trimLabel takes off spaces, emphasis and the punctuation of the sentence.
func trimLabel(s string) string {
	s = strings.TrimSpace(s)
	s = strings.Trim(s, "*`")
	s = strings.TrimRight(s, ".!?:;, \t…")
	s = trimLead(s, "-–—•:, \t")
	if strings.HasPrefix(s, "__") && strings.HasSuffix(s, "__") && len(s) > 4 {
		s = s[2 : len(s)-2]
	}
	return strings.Trim(s, "*` \t")
}
