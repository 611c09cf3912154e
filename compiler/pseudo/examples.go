package pseudo

import (
	"fmt"
	"regexp"
	"strings"
)

// document is a specification taken apart: instruction lines and pairs.
type document struct {
	lines    []line
	pairs    []pair
	warnings []string
}

type line struct {
	text string
	no   int // from 1
}

type pair struct {
	Example
	no int // line of "Input:"
}

func (d document) text() []string {
	out := make([]string, len(d.lines))
	for i, l := range d.lines {
		out[i] = l.text
	}
	return out
}

// A marker opens a line, after an optional bullet, "Example 3:" and emphasis.
const markerHead = `(?i)^[\t\p{Zs}]*(?:[-*•>+#]{1,3}[\t\p{Zs}]|\d{1,3}[.)][\t\p{Zs}])?[\t\p{Zs}]*[*_]{0,3}(?:(?:example|sample|expected)[\t\p{Zs}]*#?\d{0,4}[\t\p{Zs}]*[:.)–-]?[\t\p{Zs}]*)?[*_]{0,3}`
const markerTail = `[\t\p{Zs}]*(?:#?\d{1,4}|\(\d{1,4}\))?[*_]{0,3}[\t\p{Zs}]*[:：][*_]{0,3}[\t\p{Zs}]?(.*)$`

var (
	inputMark  = regexp.MustCompile(markerHead + `input` + markerTail)
	outputMark = regexp.MustCompile(markerHead + `output` + markerTail)
	// On one line: "Input: x → Output: y". The arrow makes it certain.
	arrowOutput = regexp.MustCompile(`(?i)[\t\p{Zs}]*(?:→|⇒|->|=>|\|)[\t\p{Zs}]*[*_]{0,3}output[*_]{0,3}[\t\p{Zs}]*[:：][*_]{0,3}[\t\p{Zs}]*`)
	plainOutput = regexp.MustCompile(`(?i)[\t\p{Zs}]*[,;]?[\t\p{Zs}]+[*_]{0,3}output[*_]{0,3}[\t\p{Zs}]*[:：][*_]{0,3}[\t\p{Zs}]*`)
	// Headings that only announce examples say nothing about the task.
	heading = regexp.MustCompile(`(?i)^[\t\p{Zs}#*_-]*(?:(?:here (?:are|is)|see|some|a few|more|for|an?|the|following|below)[\t\p{Zs}]+)*(?:test[\t\p{Zs}]+)?(?:examples?|samples?|cases?)(?:[\t\p{Zs}]+(?:below|follow|#?\d{1,4}))?[\t\p{Zs}]*[:.)]?[\t\p{Zs}*_-]*$`)
)

type markKind byte

const (
	noMark markKind = iota
	inMark
	outMark
	headMark
)

// readExamples separates Input:/Output: pairs from instructions.
//
// An input goes on until its output; an output ends at a blank line, at the next
// marker or at a heading. An "Output:" without an input before it describes the
// answer and stays with the instructions.
func readExamples(text []string) (document, error) {
	kinds, rest := classify(text)
	next := nextMarks(kinds)
	clear := clearBelow(text, kinds)
	var d document
	for i := 0; i < len(text); {
		switch kinds[i] {
		case inMark:
			p, after, err := readPair(text, kinds, rest, next, i)
			if err != nil {
				return document{}, err
			}
			d.pairs = append(d.pairs, p)
			i = after
		case headMark:
			if next[i] < len(text) && kinds[next[i]] == inMark && clear[i] {
				i++ // announces the example below
				continue
			}
			fallthrough
		default:
			if len(d.warnings) == 0 && len(d.pairs) > 0 && next[i] < len(text) && strings.TrimSpace(text[i]) != "" {
				d.warnings = append(d.warnings, fmt.Sprintf("line %d stands between two examples and is read as instructions: if it belongs to the Output above it, put a line of ``` before and after that output", i+1))
			}
			d.lines = append(d.lines, line{text[i], i + 1})
			i++
		}
	}
	d.trimLast()
	d.unquote()
	d.returnDescriptions()
	return d, nil
}

// classify finds the marker of each line and the text behind it.
func classify(text []string) (kinds []markKind, rest []string) {
	kinds, rest = make([]markKind, len(text)), make([]string, len(text))
	for i, l := range text {
		if m := inputMark.FindStringSubmatch(l); m != nil {
			kinds[i], rest[i] = inMark, m[1]
		} else if m := outputMark.FindStringSubmatch(l); m != nil {
			kinds[i], rest[i] = outMark, m[1]
		} else if heading.MatchString(l) {
			kinds[i] = headMark
		}
	}
	return kinds, rest
}

// nextMarks gives for each line the next line below it with an input or output
// marker, or len(kinds).
func nextMarks(kinds []markKind) []int {
	next := make([]int, len(kinds))
	at := len(kinds)
	for i := len(kinds) - 1; i >= 0; i-- {
		next[i] = at
		if kinds[i] == inMark || kinds[i] == outMark {
			at = i
		}
	}
	return next
}

// clearBelow tells for each line whether nothing but blank lines and headings stands between it and the next
// marker, or the end.
func clearBelow(text []string, kinds []markKind) []bool {
	clear := make([]bool, len(kinds))
	for i := len(kinds) - 1; i >= 0; i-- {
		below := i + 1
		switch {
		case below == len(kinds), kinds[below] == inMark, kinds[below] == outMark:
			clear[i] = true
		default:
			clear[i] = clear[below] && (kinds[below] == headMark || strings.TrimSpace(text[below]) == "")
		}
	}
	return clear
}

// readPair reads the pair whose input opens at line at; it returns the line
// after it.
func readPair(text []string, kinds []markKind, rest []string, next []int, at int) (pair, int, error) {
	p := pair{no: at + 1}
	input := []string{rest[at]}
	for i := at; ; {
		// An output on the same line as (the end of) the input. Without an
		// arrow the words could belong to the input, so an output line below
		// takes precedence.
		if in, out, ok := inline(input[len(input)-1], i == at && (next[at] == len(text) || kinds[next[at]] == inMark)); ok {
			input[len(input)-1] = in
			p.Input = value(input)
			body, after := readOutput(text, kinds, out, i+1)
			p.Output = body
			return p, after, p.check()
		}
		i++
		if i == len(text) || kinds[i] == inMark {
			return p, i, fmt.Errorf("line %d: %w: this Input has no Output: write \"Output: …\" on the line below it", p.no, ErrExample)
		}
		if kinds[i] == outMark {
			p.Input = value(input)
			body, after := readOutput(text, kinds, rest[i], i+1)
			p.Output = body
			if after < len(text) && kinds[after] == outMark {
				return p, after, fmt.Errorf("line %d: %w: a second Output for the Input on line %d: give each Output its own Input", after+1, ErrExample, p.no)
			}
			return p, after, p.check()
		}
		input = append(input, text[i])
	}
}

func (p pair) check() error {
	if p.Output == "" {
		return fmt.Errorf("line %d: %w: the Output is empty: write the expected answer, or a word such as \"none\" where there is no answer", p.no, ErrExample)
	}
	return nil
}

func inline(s string, plain bool) (in, out string, ok bool) {
	m := arrowOutput.FindStringIndex(s)
	if m == nil && plain {
		m = plainOutput.FindStringIndex(s)
	}
	if m == nil {
		return s, "", false
	}
	return s[:m[0]], s[m[1]:], true
}

func readOutput(text []string, kinds []markKind, first string, i int) (string, int) {
	out := []string{first}
	fenced := strings.HasPrefix(strings.TrimSpace(first), "```")
	for ; i < len(text) && kinds[i] == noMark; i++ {
		l := strings.TrimSpace(text[i])
		empty := len(out) == 1 && strings.TrimSpace(first) == ""
		if l == "" && !fenced {
			if empty {
				continue // "Output:" and the answer further down
			}
			break
		}
		out = append(out, text[i])
		if strings.HasPrefix(l, "```") {
			if fenced {
				i++
				break
			}
			fenced = empty
		}
	}
	return value(out), i
}

// value trims an input or output and takes a code fence off.
func value(lines []string) string {
	for i, l := range lines {
		lines[i] = strings.TrimRight(l, " \t")
	}
	s := strings.TrimSpace(strings.Join(lines, "\n"))
	if body, ok := strings.CutPrefix(s, "```"); ok {
		if body, ok = strings.CutSuffix(body, "```"); ok {
			if nl := strings.IndexByte(body, '\n'); nl >= 0 {
				s = strings.TrimSpace(body[nl+1:])
			}
		}
	}
	return s
}

// trimLast gives lines that follow the last output directly back to the
// instructions when no other output has more than one line: "Output: wait" and
// below it "Always answer in lower case." Lines that are no sentence stay.
func (d *document) trimLast() {
	if len(d.pairs) < 2 {
		return
	}
	for _, p := range d.pairs[:len(d.pairs)-1] {
		if strings.Contains(p.Output, "\n") {
			return
		}
	}
	last := &d.pairs[len(d.pairs)-1]
	if first, more, ok := strings.Cut(last.Output, "\n"); ok && !strings.ContainsAny(first, "{[<") && sentence.MatchString(more) {
		last.Output = strings.TrimSpace(first)
		for _, l := range strings.Split(more, "\n") {
			d.lines = append(d.lines, line{l, last.no + 1})
		}
	}
}

var sentence = regexp.MustCompile(`(?m)^\s*\S+\s+\S.*[.:!?]["”’)*_]*\s*$`)

// unquote takes quotation marks off when every input and every output wears
// them: they delimit the text then and are not part of it.
func (d *document) unquote() {
	for _, p := range d.pairs {
		if !quoted(p.Input) || !quoted(p.Output) {
			return
		}
	}
	for i, p := range d.pairs {
		d.pairs[i].Input, d.pairs[i].Output = p.Input[1:len(p.Input)-1], p.Output[1:len(p.Output)-1]
	}
}

func quoted(s string) bool {
	return len(s) > 2 && s[0] == '"' && s[len(s)-1] == '"' && !strings.Contains(s[1:len(s)-1], `"`)
}

// returnDescriptions gives pairs that describe the form back to the
// instructions: "Input: a message. Output: urgent or wait".
func (d *document) returnDescriptions() {
	if len(d.pairs) == 1 && describesAlone(d.pairs[0].Output) {
		p := d.pairs[0]
		d.lines = append(d.lines, line{"Input: " + p.Input, p.no})
		for i, l := range strings.Split("Output: "+p.Output, "\n") {
			d.lines = append(d.lines, line{l, p.no + i})
		}
		d.pairs = nil
	}
	if len(d.pairs) < 2 {
		return
	}
	seen := map[string]int{}
	for _, p := range d.pairs {
		seen[p.Output]++
	}
	if p := d.pairs[0]; isDescription(p, seen) {
		d.lines = append(d.lines, line{"Input: " + p.Input + " Output: " + p.Output, p.no})
		d.pairs = d.pairs[1:]
	}
}

// jsonForm is "a JSON object with the keys …" but not "JSON" or "The JSON is broken", which are answers.
var jsonForm = regexp.MustCompile(`(?i)^(?:` + jsonWords + `)*json\s+(?:(?:object|list|array|dictionary|document|record)s?|with|containing|having|of the form)\b|^(?:` + jsonWords + `)+json\s*[.:]?\s*$`)

const jsonWords = `(?:return|output|respond with|reply with|answer with|a|an|the|one|only|just|single|valid|flat|well-formed)\s+`

// describesAlone tells whether the output of the only pair describes answers: a
// list of them, or JSON. What follows on further lines belongs to it.
func describesAlone(output string) bool {
	first, _, _ := strings.Cut(output, "\n")
	if jsonForm.MatchString(first) {
		return true
	}
	if !strings.HasPrefix(strings.ToLower(first), "one of") {
		return false
	}
	listed := false
	try := func(rest string, conj conjunction, rank int, _ func([]item, string) bool) {
		_, ok := newCandidate(splitList(rest, conj), rank, true)
		listed = listed || ok || rest == "" && first != output // bullets below
	}
	if m := oneOfColon.FindStringIndex(first); m != nil {
		try(first[m[1]:], splitAnd, rankOneOf, nil)
	} else if m := oneOf.FindStringSubmatchIndex(first); m != nil { // "One of the best" names none
		tryOneOf(first, m, try)
	}
	return listed
}

// isDescription tells whether the first pair describes the others: its output names theirs, as alternatives, or behind an
// input that describes inputs. "politics, sport" behind a headline is an answer, though others answer each of them.
func isDescription(p pair, seen map[string]int) bool {
	if strings.Contains(p.Output, "\n") {
		return false
	}
	if describesAlone(p.Output) {
		return true
	}
	if !hasOr.MatchString(p.Output) && !anyInput.MatchString(p.Input) {
		return false
	}
	items := splitList(p.Output, splitAnd)
	for _, it := range items {
		if seen[it.text] == 0 {
			return false
		}
	}
	return len(items) >= 2
}

var anyInput = regexp.MustCompile(`(?i)^[<\[{(]*(?:(?:an?|any|some|one|the|your)\s+)?(?:[\w'’-]+\s+){0,2}(?:text|message|input|string|sentence|e-?mail|mail|question|ticket|review|headline|comment|tweet|post|note|line|word|document|article|query|request|name|number|date)[>\])}]*[.…]*$`)

// conflicts reports inputs that appear with different outputs.
func (d document) conflicts() []string {
	var out []string
	first := map[string]pair{}
	for _, p := range d.pairs {
		q, ok := first[p.Input]
		if !ok {
			first[p.Input] = p
			continue
		}
		if q.Output != p.Output {
			out = append(out, fmt.Sprintf("lines %d and %d give the same input two different outputs, %q and %q: keep one", q.no, p.no, short(q.Output), short(p.Output)))
		}
	}
	return out
}

// short abbreviates text for a message.
func short(s string) string {
	const most = 40
	n := 0
	for i := range s {
		if n == most {
			return s[:i] + "…"
		}
		n++
	}
	return s
}
