package pseudo

import (
	"regexp"
	"slices"
	"strings"
)

// layout is the instruction text as paragraphs and lists of lines.
type layout struct {
	paras []string // each bullet is one, too
	lists []lineList
}

// lineList is a run of bullets or short lines with the line that leads to it.
type lineList struct {
	lead    string
	bullets bool
	items   []string
}

var (
	bullet    = regexp.MustCompile(`^\s*(?:[-*•‣◦·–+]|\(?\d{1,3}[.)]|\(?[a-zA-Z]\))\s+(.*)$`)
	hardEnd   = regexp.MustCompile(`[.!?:;]["'”’)*_]*$`)
	softBreak = regexp.MustCompile(`(?i)(?:,|/|\||\bor|\band|\bone of|\bas|\bwith|\binto)$`)
)

// readLayout joins wrapped lines and collects lists.
func readLayout(lines []line) layout {
	var l layout
	para, lead := "", ""
	end := func() {
		if para != "" {
			l.paras = append(l.paras, para)
			para = ""
		}
	}
	for i := 0; i < len(lines); i++ {
		text := strings.TrimSpace(lines[i].text)
		if text == "" {
			end()
			continue
		}
		if bullet.MatchString(text) {
			end()
			items, after := readBullets(lines, i) // at least this one
			l.lists = append(l.lists, lineList{lead, true, items})
			l.paras = append(l.paras, items...)
			i, lead = after-1, "" // one line leads to one list
			continue
		}
		prev := lead
		lead = text
		switch {
		case para == "":
			para = text
		case softBreak.MatchString(para), len(prev) >= 50 && !hardEnd.MatchString(para), strings.HasSuffix(para, ":") && len(splitList(text, splitOr)) > 1:
			para += " " + text
		default:
			end()
			para = text
		}
		if strings.HasSuffix(text, ":") || strings.HasPrefix(text, "#") || strings.HasSuffix(text, ":**") {
			if items, after := readShortLines(lines, i+1); len(items) > 1 {
				end()
				l.lists = append(l.lists, lineList{text, false, items})
				i = after - 1
			}
		}
	}
	end()
	return l
}

// readBullets takes bullets with at most one blank line between them; an
// indented line goes on with the bullet above. The line i is a bullet, so that
// after is always behind it.
func readBullets(lines []line, i int) (items []string, after int) {
	for first := i; i < len(lines); i++ {
		text := strings.TrimSpace(lines[i].text)
		m := bullet.FindStringSubmatch(text)
		switch {
		case m != nil:
			items = append(items, strings.TrimSpace(m[1]))
		case i == first:
			return []string{text}, i + 1 // what the caller saw as one
		case text == "":
			if i+1 == len(lines) || !bullet.MatchString(strings.TrimSpace(lines[i+1].text)) {
				return items, i
			}
		case strings.HasPrefix(lines[i].text, "  ") || strings.HasPrefix(lines[i].text, "\t"):
			items[len(items)-1] += " " + text
		default:
			return items, i
		}
	}
	return items, i
}

// readShortLines takes lines of a few words without an end of sentence.
func readShortLines(lines []line, i int) (items []string, after int) {
	for ; i < len(lines); i++ {
		text := strings.TrimSpace(lines[i].text)
		if text == "" && len(items) == 0 {
			continue
		}
		if text == "" || len(strings.Fields(text)) > 4 && !explained.MatchString(text) || strings.ContainsAny(text, ",/|") && !explained.MatchString(text) || bullet.MatchString(text) || strings.HasSuffix(text, ":") {
			break
		}
		items = append(items, text)
	}
	return items, i
}

// sentences splits a paragraph. A full stop counts only before a space, and not
// in an abbreviation.
func sentences(para string) []string {
	var out []string
	start := 0
	for i := 0; i < len(para); i++ {
		switch para[i] {
		case '.', '!', '?':
			if i+1 < len(para) && para[i+1] != ' ' && para[i+1] != '\t' {
				continue
			}
			if para[i] == '.' && abbreviated(para[start:i]) {
				continue
			}
			out = append(out, para[start:i+1])
			start = i + 1
		}
	}
	if strings.TrimSpace(para[start:]) != "" {
		out = append(out, para[start:])
	}
	return out
}

var abbreviation = regexp.MustCompile(`(?i)(?:^|[\s(])(?:e\.?g|i\.?e|vs|cf|etc|mr|mrs|dr|no|approx|\d{1,2})$`)

func abbreviated(s string) bool {
	tail := s[max(0, len(s)-8):]
	if !abbreviation.MatchString(tail) {
		return false
	}
	// "yes or no." ends a sentence, "no. 5" does not; a number ends one
	// unless it counts the members of a list.
	low := strings.ToLower(tail)
	if strings.HasSuffix(low, "no") || strings.HasSuffix(low, "etc") {
		return false
	}
	last := low[len(low)-1]
	return last < '0' || last > '9'
}

// candidates finds every list that may name the labels, the plainest first.
func candidates(lines []line) []candidate {
	l := readLayout(lines)
	var out []candidate
	add := func(items []item, rank int, strong bool) {
		if len(out) < 400 {
			if c, ok := newCandidate(items, rank, strong); ok {
				out = append(out, c)
			}
		}
	}
	for _, list := range l.lists {
		fromLines(list, add)
	}
	for _, p := range l.paras {
		for _, s := range sentences(p) {
			fromSentence(s, add)
		}
		fromBranches(p, add)
	}
	slices.SortStableFunc(out, func(a, b candidate) int { return a.rank - b.rank })
	return out
}

var (
	// A line that leads to a list of labels, or to a list of something else.
	leadsToLabels = regexp.MustCompile(`(?i)\b(?:` + pluralNouns + `)\b|\bone of\b|\b(?:classify|categori[sz]e|label|tag|route|assign|sort|bucket|triage)\b|\b(?:answer|reply|respond)\b.*\bwith\b`)
	leadsToOther  = regexp.MustCompile(`(?i)\b(?:fields?|rules?|steps?|formats?|notes?|guidelines?|things|information|details|keys|columns|requirements?|constraints?|edge cases|cases|examples?|extract|remember|important|instructions?|following (?:data|parts|order)|replace|remove|ignore|conver[ts]\w*|normali[sz]e|changes?|fix)\b`)
	// What speaks of labels in some lines only, and what follows it where it does not.
	looseLead        = regexp.MustCompile(`(?i)\b(?:` + looseNouns + `|(?:answer|reply|respond)\b.*\bwith)\b`)
	allValues        = regexp.MustCompile(`(?i)\b(?:return|give|list|report|find|get|output)\s+(?:me\s+)?(?:all\s+)?(?:of\s+)?(?:these|the|the following)\s+values\b`)
	leadsToQualities = regexp.MustCompile(`(?i)\b(?:is|are|be)\s*:\W*$`)
	bulletTail       = regexp.MustCompile(`(?i)\s+(?:if|when|whenever|otherwise|means|is for|are for|in all other cases)\b.*$|\s*\(.*$`)
	emphasised       = regexp.MustCompile("^(?:\\*\\*([^*]+)\\*\\*|__([^_]+)__|`([^`]+)`|\"([^\"]+)\"|“([^”]+)”|'([^']+)'(?:\\W|$))")
)

func fromLines(l lineList, add func([]item, int, bool)) {
	var items []item
	for _, t := range l.items {
		items = append(items, bulletLabel(t))
	}
	strong := leadsToLabels.MatchString(l.lead) && !leadsToOther.MatchString(l.lead) && !listsThemselves(l.lead)
	if !leadsToLabels.MatchString(looseLead.ReplaceAllString(l.lead, "")) { // "your replies should be:", "return these values:"
		strong = strong && !doubtful(items) && !allValues.MatchString(l.lead) && (closedWords.MatchString(l.lead) || !leadsToQualities.MatchString(l.lead))
	}
	if l.bullets || strong {
		add(items, rankBullets, strong)
	}
}

// listsThemselves tells whether a line already names the labels, so that bullets
// below it are something else: a dialogue, an input.
func listsThemselves(lead string) bool {
	found := false
	for _, s := range sentences(lead) {
		fromSentence(s, func(items []item, rank int, strong bool) {
			if _, ok := newCandidate(items, rank, strong); ok && strong {
				found = true
			}
		})
	}
	return found
}

// bulletLabel takes the label from "label", "**label**: what it means",
// "label - what it means", "label (what it means)" or "label if …".
func bulletLabel(t string) item {
	if m := emphasised.FindStringSubmatch(t); m != nil {
		for _, g := range m[1:] {
			if g != "" {
				return item{trimLabel(g), true}
			}
		}
	}
	t = explained.ReplaceAllString(t, "")
	t = bulletTail.ReplaceAllString(t, "")
	return item{text: trimLabel(t)}
}
