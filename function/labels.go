package function

import (
	"container/heap"
	"context"
	"errors"
	"fmt"

	"paw/engine"
	"paw/tokenizer"
)

// Above these, labels are searched best first instead of all being scored.
const (
	maxScoredLabels = 64
	maxScoredNodes  = 512
	maxExpansions   = 256 // nodes that a best-first search may open
	maxLabels       = 4096
)

// ErrLabels says that a set of labels cannot be decoded.
var ErrLabels = errors.New("function: unusable labels")

// trie holds the token sequences of all labels. EOS is a child where a label ends, so that "no"
// and "not sure" compete fairly and the leaves' probabilities sum to 1.
type trie struct {
	labels []string
	root   *node
	nodes  int
	depth  int // tokens that must be run at most: those above the deepest node that branches
}

// node is a partial label. children[i] follows on token tokens[i].
type node struct {
	tokens   []int32
	children []*node
	label    int // leaves only: index into trie.labels, else -1
}

func newTrie(t *tokenizer.Tokenizer, labels, prefixes []string) (*trie, error) {
	if len(labels) > maxLabels {
		return nil, fmt.Errorf("%w: %d of them, at most %d are possible", ErrLabels, len(labels), maxLabels)
	}
	tr := &trie{labels: labels, root: &node{label: -1}, nodes: 1}
	seen := map[string]bool{}
	for i, l := range labels {
		if l == "" || seen[l] {
			return nil, fmt.Errorf("%w: label %d (%q) is empty or appears twice", ErrLabels, i+1, l)
		}
		seen[l] = true
		for _, p := range prefixes {
			tr.add(Target(t, p, l), i)
		}
	}
	tr.depth = tr.root.branching()
	return tr, nil
}

func (t *trie) add(tokens []int32, label int) {
	n := t.root
	for _, id := range tokens {
		n = t.child(n, id)
	}
	n.label = label
}

// branching is how many tokens below n the deepest node with several children is; 0 if none has.
func (n *node) branching() int {
	type place struct {
		*node
		depth int
	}
	deepest := 0
	for stack := []place{{n, 0}}; len(stack) > 0; {
		at := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		if len(at.children) > 1 {
			deepest = max(deepest, at.depth)
		}
		for _, c := range at.children {
			stack = append(stack, place{c, at.depth + 1})
		}
	}
	return deepest
}

func (t *trie) child(n *node, id int32) *node {
	for i, have := range n.tokens {
		if have == id {
			return n.children[i]
		}
	}
	c := &node{label: -1}
	n.tokens = append(n.tokens, id)
	n.children = append(n.children, c)
	t.nodes++
	return c
}

// end is the leaf that all of n's continuations lead to, or nil when n still branches below. Such a
// chain has probability 1 at every step, so nothing of it needs to be run.
func (n *node) end() *node {
	for n.label < 0 {
		if len(n.children) != 1 {
			return nil
		}
		n = n.children[0]
	}
	return n
}

func (t *trie) scoreAll() bool { return len(t.labels) <= maxScoredLabels && t.nodes <= maxScoredNodes }

// label decides between the labels. The session stands behind the prompt.
func (f *Function) label(ctx context.Context, s engine.Session) (Answer, error) {
	d := decision{f: f, s: s, probability: make([]float64, len(f.labels.labels)), start: s.Len()}
	var err error
	partial := !f.labels.scoreAll()
	if partial {
		err = d.bestFirst(ctx)
	} else {
		err = d.visit(ctx, f.labels.root, 1)
	}
	if err != nil {
		return Answer{}, err
	}
	if !partial { // else what is missing would have to be tempered and weighed too
		if f.power != 1 {
			temper(d.probability, f.power)
		}
		weigh(d.probability, f.weights)
	}
	best := 0
	a := Answer{Calibrated: f.calibrated && !partial, Partial: partial, Tokens: d.tokens, Stop: StopEnd}
	for i, p := range d.probability {
		a.Probabilities = append(a.Probabilities, LabelProbability{f.labels.labels[i], p})
		if p > d.probability[best] {
			best = i
		}
	}
	a.Label = f.labels.labels[best]
	a.Output, a.Confidence = a.Label, d.probability[best]
	return a, nil
}

// weigh multiplies probabilities by weights and lets them sum to 1 again. Products are converted, so that
// no host fuses them with the sum.
func weigh(p []float64, weights []float32) {
	if len(weights) != len(p) {
		return
	}
	sum := 0.0
	for i, w := range weights {
		sum += float64(p[i] * float64(w))
	}
	if !(sum > 0) {
		return
	}
	for i, w := range weights {
		p[i] = float64(p[i]*float64(w)) / sum
	}
}

// decision is one walk over the trie. P(label) is the product, over the nodes on its path, of the
// softmax over that node's children; variants of a label are summed.
type decision struct {
	f           *Function
	s           engine.Session
	start       int
	probability []float64
	tokens      int
}

// split returns the probabilities of a node's children. The session stands at the node.
func (d *decision) split(ctx context.Context, n *node) ([]float32, error) {
	if len(n.children) == 1 {
		return []float32{1}, nil
	}
	return d.s.Score(ctx, n.tokens)
}

func (d *decision) leaf(n *node, p float64) {
	// Converted, so that no host fuses the sum with the product that made p.
	d.probability[n.label] += float64(p)
}

// visit scores every node below n, depth first; shared parts are run once, and the session is
// truncated between branches.
func (d *decision) visit(ctx context.Context, n *node, p float64) error {
	if leaf := n.end(); leaf != nil { // a single label
		d.leaf(leaf, p)
		return nil
	}
	shares, err := d.split(ctx, n)
	if err != nil {
		return err
	}
	at := d.s.Len()
	for i, c := range n.children {
		q := float64(p * float64(shares[i]))
		if leaf := c.end(); leaf != nil {
			d.leaf(leaf, q)
			continue
		}
		if err := d.s.Prefill(ctx, n.tokens[i:i+1]); err != nil {
			return err
		}
		d.tokens++
		if err := d.visit(ctx, c, q); err != nil {
			return err
		}
		if err := d.s.Truncate(at); err != nil {
			return err
		}
	}
	return nil
}

// open is a node that a best-first search may expand next.
type open struct {
	node *node
	path []int32
	p    float64
}

type frontier []open

func (f frontier) Len() int           { return len(f) }
func (f frontier) Less(i, j int) bool { return f[i].p > f[j].p }
func (f frontier) Swap(i, j int)      { f[i], f[j] = f[j], f[i] }
func (f *frontier) Push(x any)        { *f = append(*f, x.(open)) }
func (f *frontier) Pop() any {
	old := *f
	x := old[len(old)-1]
	*f = old[:len(old)-1]
	return x
}

// bestFirst expands the likeliest node until no open node can beat the best label found: as a
// probability only falls along a path, that label is then the true argmax (up to a label's other
// variants). After maxExpansions the best of those found is the answer; while there is none, the
// likeliest way is followed to its end. Labels never reached keep probability 0.
func (d *decision) bestFirst(ctx context.Context) error {
	queue := &frontier{{node: d.f.labels.root, p: 1}}
	best := 0.0
	for n := 0; queue.Len() > 0; n++ {
		next := heap.Pop(queue).(open)
		if next.p <= best || n >= maxExpansions && best > 0 {
			return nil
		}
		if n >= maxExpansions {
			*queue = (*queue)[:0]
		}
		if n > 0 {
			if err := d.s.Truncate(d.start); err != nil {
				return err
			}
			if err := d.s.Prefill(ctx, next.path); err != nil {
				return err
			}
			d.tokens += len(next.path)
		}
		shares, err := d.split(ctx, next.node)
		if err != nil {
			return err
		}
		for i, c := range next.node.children {
			p := float64(next.p * float64(shares[i]))
			if leaf := c.end(); leaf != nil {
				d.leaf(leaf, p)
				best = max(best, d.probability[leaf.label])
				continue
			}
			path := append(append([]int32(nil), next.path...), next.node.tokens[i])
			for len(c.children) == 1 { // decides nothing
				path = append(path, c.tokens[0])
				c = c.children[0]
			}
			heap.Push(queue, open{c, path, p})
		}
	}
	return nil
}
