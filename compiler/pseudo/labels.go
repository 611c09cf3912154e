package pseudo

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// candidate is a list in the instructions that may name the labels.
type candidate struct {
	labels []string
	rank   int  // how plainly the text says so; smaller is plainer
	strong bool // enough without examples that agree
}

// Ranks, and with them the order of preference.
const (
	rankBullets = iota // "The categories are:" and bullets
	rankOneOf          // one of: a, b, c
	rankNoun           // labels: a, b, c
	rankCertain        // up to here one agreeing example is enough; below, half of them
	rankReply          // answer with a, b or c
	rankQuoted         // "a" for …, "b" for …
	rankSort           // classify as a or b
	rankBranch         // a if …, otherwise b
	rankPair           // yes/no
	rankWhether        // whether it is a or b
)

// A program never has more labels than this; a longer list is prose or data.
const maxLabels = 256

// inferFrom is the number of examples from which repeating outputs count as labels.
const inferFrom = 6

type foundLabels struct {
	labels   []string
	inferred bool
	warnings []string
}

// findLabels decides what the labels are: the list in the text that agrees best
// with the examples, or repeating outputs, or none.
func findLabels(d document) foundLabels {
	cands := candidates(d.lines)
	if len(d.pairs) == 0 {
		for _, c := range cands {
			if c.strong {
				return foundLabels{labels: c.labels}
			}
		}
		return foundLabels{}
	}
	best, bestHits := -1, 0
	var bestLabels []string
	for i, c := range cands {
		labels, hits, distinct := agree(c.labels, d.pairs)
		switch {
		case hits == 0:
			continue
		case !c.strong && (hits < len(d.pairs) || distinct < 2):
			continue
		case c.strong && c.rank > rankCertain && 2*hits < len(d.pairs):
			continue
		}
		if hits > bestHits {
			best, bestHits, bestLabels = i, hits, labels
		}
	}
	if best < 0 {
		labels := repeating(d.pairs)
		return foundLabels{labels: labels, inferred: labels != nil}
	}
	return foundLabels{labels: bestLabels, warnings: disagreements(cands[best].labels, bestLabels, d.pairs)}
}

// agree counts the examples whose output is in the list. Where the examples
// spell a label in another case, in quotes or with a full stop, their spelling is what the program must give.
func agree(list []string, pairs []pair) (labels []string, hits, distinct int) {
	labels = slices.Clone(list)
	at := map[string]int{}
	for i, l := range list {
		at[l] = i
	}
	used := map[int]bool{}
	respell := map[int]string{}
	for _, p := range pairs {
		if i, ok := at[p.Output]; ok {
			hits++
			used[i] = true
		}
	}
	folded := map[string]int{}
	for i, l := range list {
		folded[fold(l)] = i
	}
	for _, p := range pairs {
		if _, ok := at[p.Output]; ok {
			continue
		}
		i, ok := folded[fold(p.Output)]
		if !ok || used[i] {
			continue
		}
		if was, ok := respell[i]; ok && was != p.Output {
			continue
		}
		respell[i] = p.Output
		hits++
	}
	for i, l := range respell {
		labels[i] = l
	}
	return labels, hits, len(used) + len(respell)
}

// fold takes off what people write around a label in one place and not in another.
func fold(s string) string {
	if bare := strings.Trim(strings.TrimRight(strings.TrimSpace(s), "."), "\"'`“”‘’«»„."); bare != "" {
		s = bare
	}
	return strings.ToLower(s)
}

// repeating returns the outputs as labels if they are few and come back: with
// n ≥ 6 examples each output appears twice on average.
func repeating(pairs []pair) []string {
	if len(pairs) < inferFrom {
		return nil
	}
	seen := map[string]bool{}
	var labels []string
	for _, p := range pairs {
		if strings.Contains(p.Output, "\n") || len(p.Output) > 60 || len(strings.Fields(p.Output)) > 6 {
			return nil
		}
		if !seen[p.Output] {
			seen[p.Output] = true
			labels = append(labels, p.Output)
		}
	}
	if len(labels) < 2 || len(labels) > maxLabels || len(pairs) < 2*len(labels) {
		return nil
	}
	return labels
}

func disagreements(listed, labels []string, pairs []pair) []string {
	var out []string
	for i, l := range labels {
		if listed[i] != l {
			out = append(out, fmt.Sprintf("the list says %q but the examples say %q: the spelling of the examples is used", listed[i], l))
		}
	}
	told := map[string]bool{}
	count := map[string]int{}
	for i, p := range pairs {
		count[p.Output]++
		if !slices.Contains(labels, p.Output) && !told[p.Output] {
			told[p.Output] = true
			out = append(out, fmt.Sprintf("example %d (line %d) answers %q, which is not in the list of labels: add it to the list or correct the example", i+1, p.no, short(p.Output)))
		}
	}
	for _, l := range labels {
		if count[l] == 0 {
			out = append(out, fmt.Sprintf("no example answers %q: add one or two", l))
		}
	}
	return out
}

// newCandidate checks the members of a list. It returns false when one of them
// cannot be a label, for the list is then something else.
func newCandidate(items []item, rank int, strong bool) (candidate, bool) {
	c := candidate{rank: rank, strong: strong}
	seen := map[string]bool{}
	for _, it := range items {
		if !plausible(it) {
			return c, false
		}
		if !seen[it.text] {
			seen[it.text] = true
			c.labels = append(c.labels, it.text)
		}
	}
	return c, len(c.labels) >= 2 && len(c.labels) <= maxLabels
}

var (
	// Words that begin a phrase and never a label.
	phraseStart = regexp.MustCompile(`(?i)^(?:the|an?|its|their|his|her|my|your|our|any|all|each|every|some|this|that|these|those|it|them|they|what|which|who|where|when|whether|how|if|of|from|in|into|with|by|for|to|as|at|per|about|like|such|only|just|also|then|than|so|because|use|do|does|don't|never|always|please|otherwise|else|keep|remove|drop|leave|including|e\.?g|i\.?e|(?:should|must|can|will|may) be)\s`)
	loneWord    = regexp.MustCompile(`(?i)^(?:the|it|its|them|this|that|these|those|etc|e\.?g|i\.?e|not|and|or|only|just|if|when|as is|so on|more|others? etc)$`)
	dateForm    = regexp.MustCompile(`^(?:[YyMmDdHhSs]{2,4}[-/. :]?){1,6}$|^[\d/.: -]{6,}$`)
	// A list that is left open names examples of something, not the labels.
	openEnded = regexp.MustCompile(`(?i)\betc\b|\.\.\.|…|\band so (?:on|forth)\b|\be\.?g\b|\bsuch as\b|\bfor (?:example|instance)\b|\band (?:similar|the like)\b|\bor similar\b|\bincluding\b`)
)

func plausible(it item) bool {
	words := strings.Fields(it.text)
	most := 5
	if it.quoted {
		most = 8
	}
	if len(words) == 0 || len(words) > most || len(it.text) > 80 {
		return false
	}
	if strings.ContainsAny(it.text, "\n@{}<>") || strings.Contains(it.text, "://") || !strings.ContainsFunc(it.text, visible) {
		return false
	}
	if it.quoted {
		return true
	}
	if strings.ContainsAny(it.text, `"“”()`) {
		return false
	}
	// "IT support" is a team, "it" is not.
	upper := len(words[0]) > 1 && words[0] == strings.ToUpper(words[0])
	if !upper && (phraseStart.MatchString(it.text) || loneWord.MatchString(it.text)) {
		return false
	}
	return !dateForm.MatchString(it.text) || len(it.text) < 3
}

func visible(r rune) bool { return wordRune(r) || r > 0x2000 }

// extractive are nouns for parts of a text. "Return the first or last name" asks
// for a copy, so a weak cue in front of such a list does not count.
var extractive = regexp.MustCompile(`(?i)(?:^|[\s-])(?:names?|numbers?|dates?|e-?mails?|address(?:es)?|amounts?|cit(?:y|ies)|countr(?:y|ies)|words?|sentences?|texts?|urls?|links?|phones?|times?|prices?|lines?|values?|strings?|digits?|characters?|letters?|codes?|ids?|fields?|keys?|json|xml|csv|yaml|html|markdown|lower-?case|upper-?case|capitals?|formats?|punctuation|spaces?|titles?|surnames?|currency|currencies|units?|years?|months?|days?|weekdays?|input|nothing else|unchanged|as is)$`)

// absent are words for "there is nothing to give": with one other member they
// belong to an extraction ("the city or none"), not to a list of labels.
var absent = regexp.MustCompile(`(?i)^(?:none|null|nil|nothing|empty|n/?a|blank|unknown|missing|error|not found|no match)$`)

// doubtful tells whether a list found through a weak cue looks like parts to copy.
func doubtful(items []item) bool {
	missing := 0
	for _, it := range items {
		if !it.quoted && extractive.MatchString(it.text) {
			return true
		}
		if absent.MatchString(it.text) {
			missing++
		}
	}
	return len(items)-missing < 2 || counted(items)
}

var (
	bareNumber   = regexp.MustCompile(`(?i)^(?:` + numbers + `)$`)
	numberOfThem = regexp.MustCompile(`(?i)^(?:` + numbers + `)\s+\p{L}`)
)

const numbers = `one|two|three|four|five|six|seven|eight|nine|ten|twelve|\d{1,3}`

// counted tells whether a list says how many: "two or three bullet points".
func counted(items []item) bool {
	last := len(items) - 1
	for _, it := range items[:last] {
		if it.quoted || !bareNumber.MatchString(it.text) {
			return false
		}
	}
	return !items[last].quoted && numberOfThem.MatchString(items[last].text)
}
