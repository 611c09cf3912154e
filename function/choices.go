package function

import (
	"paw/pawfile"
	"paw/tokenizer"
)

// Choices says how a program's labels are told apart, for code that computes the probabilities of tokens by itself.
type Choices struct{ tree *trie }

// Branch is a place where labels part.
type Branch struct {
	Path []int32 // from the end of the prompt to here
	Next []int32 // what may follow: two tokens or more
}

// NewChoices reads a program's labels. There must be some.
func NewChoices(t *tokenizer.Tokenizer, p *pawfile.Program) (*Choices, error) {
	tree, err := newTrie(t, p.Meta.Labels, targetPrefixes(p))
	if err != nil {
		return nil, err
	}
	return &Choices{tree}, nil
}

// Whole tells whether Call scores every label. There may be too many of them.
func (c *Choices) Whole() bool { return c.tree.scoreAll() }

// Branches are all places where labels part, parents first.
func (c *Choices) Branches() []Branch {
	var out []Branch
	c.walk(c.tree.root, nil, 1, func(n *node, path []int32) []float64 {
		out = append(out, Branch{append([]int32(nil), path...), n.tokens})
		return make([]float64, len(n.tokens))
	}, func(int, float64) {})
	return out
}

// Probabilities are those of the labels, in their order and before any calibration: next holds, for every one of
// Branches, the probabilities of what may follow, up to a factor.
func (c *Choices) Probabilities(next [][]float64) []float64 {
	out := make([]float64, len(c.tree.labels))
	at := 0
	c.walk(c.tree.root, nil, 1, func(*node, []int32) []float64 {
		at++
		return shares(next[at-1])
	}, func(label int, p float64) { out[label] += p })
	return out
}

// walk goes down as decision.visit does: split returns the shares of a node's children, leaf receives what a label gets.
func (c *Choices) walk(n *node, path []int32, p float64, split func(*node, []int32) []float64, leaf func(label int, p float64)) {
	if end := n.end(); end != nil {
		leaf(end.label, p)
		return
	}
	share := []float64{1}
	if len(n.children) > 1 {
		share = split(n, path)
	}
	for i, child := range n.children {
		c.walk(child, append(path, n.tokens[i]), float64(p*share[i]), split, leaf)
	}
}

// shares scales non-negative numbers to a sum of 1; without any all are alike.
func shares(x []float64) []float64 {
	sum, out := 0.0, make([]float64, len(x))
	for _, v := range x {
		sum += v
	}
	for i, v := range x {
		if out[i] = 1 / float64(len(x)); sum > 0 {
			out[i] = v / sum
		}
	}
	return out
}
