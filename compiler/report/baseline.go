package report

import (
	"math"
	"strings"
	"unicode"

	"paw/compiler/pseudo"
)

// Names of the baselines.
const (
	NameCentroid = "TF-IDF nearest centroid"
	NameCopy     = "copy the input"
	NameConstant = "most common output"
)

// Baseline is how plain code answered the cases.
type Baseline struct {
	Name string
	Hits []bool // by case
}

// Accuracy is the share of right answers, 0 without cases.
func (b Baseline) Accuracy() float64 {
	if len(b.Hits) == 0 {
		return 0
	}
	n := 0
	for _, h := range b.Hits {
		if h {
			n++
		}
	}
	return float64(n) / float64(len(b.Hits))
}

// PlainBaseline answers the test cases with plain code that has seen the
// training examples only. With labels it is Centroid. For free text it is the
// better of copying the input and of giving the most common training output:
// choosing with knowledge of the cases favours the baseline, never the program.
func PlainBaseline(labels []string, train, test []pseudo.Example) Baseline {
	return pick(labels, test, func(fit Fit) []bool { return answer(fit(train), test) })
}

// CrossBaseline is PlainBaseline by cross-validation: each fold is answered by a
// baseline trained on the others.
func CrossBaseline(labels []string, examples []pseudo.Example, folds [][]int) Baseline {
	return pick(labels, examples, func(fit Fit) []bool { return CrossValidate(examples, folds, fit) })
}

// Fit builds a predictor from training examples.
type Fit func(train []pseudo.Example) (predict func(input string) string)

func pick(labels []string, test []pseudo.Example, run func(Fit) []bool) Baseline {
	if len(test) == 0 {
		return Baseline{}
	}
	if len(labels) > 0 {
		return Baseline{NameCentroid, run(func(train []pseudo.Example) func(string) string { return NewCentroid(labels, train).Predict })}
	}
	copied := Baseline{NameCopy, run(func([]pseudo.Example) func(string) string { return strings.TrimSpace })}
	constant := Baseline{NameConstant, run(func(train []pseudo.Example) func(string) string {
		out, _ := Majority(outputs(train))
		return func(string) string { return out }
	})}
	if constant.Accuracy() > copied.Accuracy() {
		return constant
	}
	return copied
}

func outputs(examples []pseudo.Example) []string {
	out := make([]string, len(examples))
	for i, e := range examples {
		out[i] = e.Output
	}
	return out
}

func answer(predict func(string) string, cases []pseudo.Example) []bool {
	hits := make([]bool, len(cases))
	for i, c := range cases {
		hits[i] = same(predict(c.Input), c.Output)
	}
	return hits
}

// Majority returns the most common output and its share; the first one wins a
// tie. The share among the cases themselves is the best any constant answer can
// reach.
func Majority(outputs []string) (string, float64) {
	count := map[string]int{}
	for _, o := range outputs {
		count[o]++
	}
	best := ""
	for _, o := range outputs {
		if count[o] > count[best] {
			best = o
		}
	}
	if len(outputs) == 0 {
		return "", 0
	}
	return best, float64(count[best]) / float64(len(outputs))
}

// Centroid classifies by words: texts become TF-IDF vectors over words and pairs
// of neighbouring words, a label is the mean of its examples, and the label with
// the smallest angle wins. The words of a label count as one more example of it.
type Centroid struct {
	labels   []string
	fallback string
	ids      map[string]int
	idf      []float64
	means    [][]float64 // [label][word]
}

// NewCentroid trains the baseline. Outputs that are no label become one.
func NewCentroid(labels []string, train []pseudo.Example) *Centroid {
	c := &Centroid{ids: map[string]int{}}
	at := map[string]int{}
	addLabel := func(l string) {
		if _, ok := at[l]; !ok {
			at[l] = len(c.labels)
			c.labels = append(c.labels, l)
		}
	}
	type doc struct {
		words []string
		label int
	}
	var docs []doc
	for _, l := range labels {
		addLabel(l)
		docs = append(docs, doc{features(l), at[l]})
	}
	for _, e := range train {
		addLabel(e.Output)
		docs = append(docs, doc{features(e.Input), at[e.Output]})
	}
	// Words are numbered in the order they appear and sums run in that order:
	// the result never depends on the order of a map.
	var df []int
	for _, d := range docs {
		seen := map[int]bool{}
		for _, w := range d.words {
			id, ok := c.ids[w]
			if !ok {
				id = len(df)
				c.ids[w] = id
				df = append(df, 0)
			}
			if !seen[id] {
				seen[id] = true
				df[id]++
			}
		}
	}
	for _, n := range df {
		c.idf = append(c.idf, math.Log(1+float64(len(docs))/float64(n)))
	}
	c.means = make([][]float64, len(c.labels))
	for i := range c.means {
		c.means[i] = make([]float64, len(df))
	}
	for _, d := range docs {
		for id, x := range c.vector(d.words) {
			c.means[d.label][id] += x
		}
	}
	for _, m := range c.means {
		normalise(m)
	}
	c.fallback, _ = Majority(outputs(train))
	if c.fallback == "" && len(c.labels) > 0 {
		c.fallback = c.labels[0]
	}
	return c
}

// Predict returns the nearest label, or the most common one for a text without
// a known word.
func (c *Centroid) Predict(input string) string {
	v := c.vector(features(input))
	best, label := 0.0, c.fallback
	for i, m := range c.means {
		score := 0.0
		for id, x := range v {
			score += x * m[id]
		}
		if score > best+1e-12 {
			best, label = score, c.labels[i]
		}
	}
	return label
}

// vector is dense: vocabularies of examples written by hand are small.
func (c *Centroid) vector(words []string) []float64 {
	v := make([]float64, len(c.idf))
	for _, w := range words {
		if id, ok := c.ids[w]; ok {
			v[id] += c.idf[id]
		}
	}
	normalise(v)
	return v
}

func normalise(v []float64) {
	sum := 0.0
	for _, x := range v {
		sum += x * x
	}
	if sum == 0 {
		return
	}
	scale := 1 / math.Sqrt(sum)
	for i := range v {
		v[i] *= scale
	}
}

// features are the words of a text in lower case and the pairs of neighbours.
func features(s string) []string {
	words := strings.FieldsFunc(strings.ToLower(s), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	for i, n := 0, len(words); i+1 < n; i++ {
		words = append(words, words[i]+" "+words[i+1])
	}
	return words
}
