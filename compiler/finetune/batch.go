package finetune

import (
	"errors"
	"fmt"

	"paw/arch"
)

// Group is a shared prefix and the cases that continue it. A case sees the
// prefix and itself, never another case; the prefix is computed once.
type Group struct {
	Prefix []int32
	Cases  []Case
}

// Case is one example. The last Targets tokens carry loss; they are predicted
// from the position before them, which may be the last of the prefix.
type Case struct {
	Tokens  []int32
	Targets int
	Weight  float32 // 0 means 1
}

func (c Case) weight() float32 {
	if c.Weight == 0 {
		return 1
	}
	return c.Weight
}

// rows is the number of positions computed: nothing follows the last token.
func (c Case) rows() int { return len(c.Tokens) - 1 }

// ErrData means that groups or cases do not fit the interpreter.
var ErrData = errors.New("unusable training data")

func checkGroups(g arch.Geometry, groups []Group) error {
	for i, group := range groups {
		for _, t := range group.Prefix {
			if t < 0 || int(t) >= g.Vocab {
				return fmt.Errorf("finetune: group %d: token %d outside the vocabulary of %d: %w", i, t, g.Vocab, ErrData)
			}
		}
		for j, c := range group.Cases {
			where := fmt.Sprintf("finetune: group %d, case %d", i, j)
			for _, t := range c.Tokens {
				if t < 0 || int(t) >= g.Vocab {
					return fmt.Errorf("%s: token %d outside the vocabulary of %d: %w", where, t, g.Vocab, ErrData)
				}
			}
			switch n := len(group.Prefix) + len(c.Tokens); {
			case c.Targets < 1 || c.Targets > len(c.Tokens):
				return fmt.Errorf("%s: %d targets in %d tokens: %w", where, c.Targets, len(c.Tokens), ErrData)
			case n == c.Targets:
				return fmt.Errorf("%s: nothing comes before the first target: %w", where, ErrData)
			case n > g.Context:
				return fmt.Errorf("%s: %d tokens, the interpreter holds %d: shorten the example or the prompt: %w", where, n, g.Context, ErrData)
			case !(c.Weight >= 0):
				return fmt.Errorf("%s: weight %g: %w", where, c.Weight, ErrData)
			}
		}
	}
	return nil
}

// ref names a case.
type ref struct{ group, index int }

func allRefs(groups []Group) []ref {
	var refs []ref
	for i, g := range groups {
		for j := range g.Cases {
			refs = append(refs, ref{i, j})
		}
	}
	return refs
}

// batch is what one forward and backward pass computes: rows of tokens, in
// parts. Its cost in memory is proportional to its rows.
type batch struct {
	tokens, positions []int32
	parts             []part
	outputs           []int32 // rows whose final state is needed, ascending
	targets           []target
	headScores        int // probabilities per head over all parts
}

// part is a prefix and some of its cases: rows [start, start+prefix), then
// those of the cases.
type part struct {
	start, prefix int
	prefixOutput  bool // the last prefix row predicts a target
	cases         []span
	caseRows      int
	longest       int // rows of the longest case
	scores        int // where its probabilities start, for one head (see attention.go)
}

type span struct{ start, rows int }

type target struct {
	output int // index into outputs
	token  int32
	weight float32
	ref    ref
}

// width is the row length of the cases' probabilities: prefix, then own keys.
func (p *part) width() int { return p.prefix + p.longest }

// headScores is the number of probabilities per head.
func (p *part) headScores() int { return p.prefix*p.prefix + p.caseRows*p.width() }

// plan cuts the cases into batches of at most budget rows; a case that alone
// exceeds it, with its prefix, gets a batch for itself. A group that would fit
// into one batch is not split, because each part computes the prefix again.
// refs are sorted by group.
func plan(groups []Group, refs []ref, budget int) []*batch {
	var batches []*batch
	b := &batch{}
	flush := func() {
		if len(b.parts) > 0 {
			b.finish()
			batches = append(batches, b)
			b = &batch{}
		}
	}
	for lo := 0; lo < len(refs); {
		group := groups[refs[lo].group]
		hi, need := lo, len(group.Prefix)
		for hi < len(refs) && refs[hi].group == refs[lo].group {
			need += group.Cases[refs[hi].index].rows()
			hi++
		}
		if len(b.tokens)+need > budget {
			flush()
		}
		open := false
		for _, r := range refs[lo:hi] {
			c := group.Cases[r.index]
			if open && len(b.tokens)+c.rows() > budget {
				flush()
				open = false
			}
			if !open {
				b.addPart(group.Prefix)
				open = true
			}
			b.addCase(c, r)
		}
		lo = hi
	}
	flush()
	return batches
}

func (b *batch) addPart(prefix []int32) {
	b.parts = append(b.parts, part{start: len(b.tokens), prefix: len(prefix)})
	b.addRows(prefix, 0)
}

func (b *batch) addRows(tokens []int32, position int) {
	b.tokens = append(b.tokens, tokens...)
	for i := range tokens {
		b.positions = append(b.positions, int32(position+i))
	}
}

func (b *batch) addCase(c Case, r ref) {
	p := &b.parts[len(b.parts)-1]
	start, rows := len(b.tokens), c.rows()
	b.addRows(c.Tokens[:rows], p.prefix)
	p.cases = append(p.cases, span{start, rows})
	p.caseRows += rows
	p.longest = max(p.longest, rows)
	for t := len(c.Tokens) - c.Targets; t < len(c.Tokens); t++ {
		row := start + t - 1
		if t == 0 {
			row, p.prefixOutput = p.start+p.prefix-1, true
		}
		// output is a row for now; finish turns it into an index.
		b.targets = append(b.targets, target{output: row, token: c.Tokens[t], weight: c.weight(), ref: r})
	}
}

// addQuestion asks for each of the tokens that may follow: they share the question's rows.
func (b *batch) addQuestion(q Question, index int) {
	b.addCase(q.with(q.Next[0]), ref{index, 0})
	first := b.targets[len(b.targets)-1]
	for i, t := range q.Next[1:] {
		first.token, first.ref.index = t, i+1
		b.targets = append(b.targets, first)
	}
}

// finish lays out the probabilities and numbers the output rows.
func (b *batch) finish() {
	for i := range b.parts {
		b.parts[i].scores = b.headScores
		b.headScores += b.parts[i].headScores()
	}
	index := make([]int32, len(b.tokens))
	for _, t := range b.targets {
		index[t.output] = 1
	}
	for row, used := range index {
		if used != 0 {
			index[row] = int32(len(b.outputs))
			b.outputs = append(b.outputs, int32(row))
		}
	}
	for i := range b.targets {
		b.targets[i].output = int(index[b.targets[i].output])
	}
}
