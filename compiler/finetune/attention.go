package finetune

import (
	"math"

	"paw/nn"
)

// Causal attention over a batch's parts, one (part, head) at a time. Within a
// part, prefix rows attend to the prefix up to themselves; rows of a case
// attend to the whole prefix and to their own case up to themselves.
//
// Probabilities of one part and head, C rows of cases over a prefix of P:
//
//	[0, P·P)   row r of the prefix, columns 0..r
//	[P·P, …)   row of a case, P + longest columns: the prefix, then its own case

// causalBlock rows of the prefix are computed against the keys before their
// end: the upper triangle costs half a block instead of half the matrix.
const causalBlock = 64

// unit is one part and head: where its matrices start in the rows of the batch.
type unit struct {
	*part
	head, dim, width int // width D; dim of one head
	scale            float32
	skipPrefix       bool // nobody reads the prefix rows of the result
}

// eachUnit runs f over all parts and heads in parallel.
func (m *Model) eachUnit(b *batch, last bool, f func(u unit)) {
	g := m.geo
	dim := g.Width / g.Heads
	nn.Parallel(len(b.parts)*g.Heads, func(lo, hi int) {
		for i := lo; i < hi; i++ {
			p := &b.parts[i/g.Heads]
			f(unit{part: p, head: i % g.Heads, dim: dim, width: g.Width,
				scale: float32(1 / math.Sqrt(float64(dim))), skipPrefix: last && !p.prefixOutput})
		}
	})
}

// qkv are the query, key and value rows of the unit starting at a row, with
// leading dimension 3D.
func (u *unit) qkv(x []float32, row int) (q, k, v []float32) {
	x = x[row*3*u.width+u.head*u.dim:]
	return x, x[u.width:], x[2*u.width:]
}

// out are the rows of the attention result, leading dimension D.
func (u *unit) out(x []float32, row int) []float32 { return x[row*u.width+u.head*u.dim:] }

// scores are the unit's probabilities (or their gradients): prefix, cases.
func (u *unit) split(x []float32, headScores int) (pre, own []float32) {
	x = x[u.head*headScores+u.scores:][:u.headScores()]
	return x[:u.prefix*u.prefix], x[u.prefix*u.prefix:]
}

// attend computes st.probs and st.attn (N, D) from st.qkv.
func (m *Model) attend(st *layerState, b *batch, last bool) {
	clear(st.attn)
	m.eachUnit(b, last, func(u unit) {
		pre, own := u.split(st.probs, b.headScores)
		if !u.skipPrefix {
			u.prefixForward(pre, st)
		}
		u.casesForward(own, st)
	})
}

func (u *unit) prefixForward(s []float32, st *layerState) {
	D, ld, P := u.width, 3*u.width, u.prefix
	_, k, v := u.qkv(st.qkv, u.start)
	for r0 := 0; r0 < P; r0 += causalBlock {
		r1 := min(r0+causalBlock, P)
		q, _, _ := u.qkv(st.qkv, u.start+r0)
		block := s[r0*P : r1*P]
		clear(block)
		nn.GemmSerial(false, true, r1-r0, r1, u.dim, u.scale, q, ld, k, ld, block, P)
		for r := r0; r < r1; r++ {
			nn.Softmax(s[r*P : r*P+r+1])
			clear(s[r*P+r+1 : r*P+r1])
		}
		nn.GemmSerial(false, false, r1-r0, u.dim, r1, 1, block, P, v, ld, u.out(st.attn, u.start+r0), D)
	}
}

func (u *unit) casesForward(s []float32, st *layerState) {
	D, ld, P, W, C := u.width, 3*u.width, u.prefix, u.part.width(), u.caseRows
	if C == 0 {
		return
	}
	first := u.start + P
	clear(s)
	_, preK, preV := u.qkv(st.qkv, u.start)
	q, _, _ := u.qkv(st.qkv, first)
	if P > 0 {
		nn.GemmSerial(false, true, C, P, u.dim, u.scale, q, ld, preK, ld, s, W)
	}
	for _, c := range u.cases {
		if c.rows == 0 {
			continue
		}
		rows := s[(c.start-first)*W:]
		q, k, _ := u.qkv(st.qkv, c.start)
		nn.GemmSerial(false, true, c.rows, c.rows, u.dim, u.scale, q, ld, k, ld, rows[P:], W)
		for r := range c.rows {
			row := rows[r*W : (r+1)*W]
			nn.Softmax(row[:P+r+1])
			clear(row[P+r+1:])
		}
	}
	if P > 0 {
		nn.GemmSerial(false, false, C, u.dim, P, 1, s, W, preV, ld, u.out(st.attn, first), D)
	}
	for _, c := range u.cases {
		if c.rows > 0 {
			_, _, v := u.qkv(st.qkv, c.start)
			nn.GemmSerial(false, false, c.rows, u.dim, c.rows, 1, s[(c.start-first)*W+P:], W, v, ld, u.out(st.attn, c.start), D)
		}
	}
}

// attendBack sets dqkv (N, 3D) from dout, the gradient of st.attn (N, D).
func (m *Model) attendBack(dqkv, dout, dScores []float32, st *layerState, b *batch, last bool) {
	clear(dqkv)
	m.eachUnit(b, last, func(u unit) {
		pre, own := u.split(st.probs, b.headScores)
		dPre, dOwn := u.split(dScores, b.headScores)
		u.casesBack(own, dOwn, dqkv, dout, st)
		if !u.skipPrefix {
			u.prefixBack(pre, dPre, dqkv, dout, st)
		}
	})
}

func (u *unit) prefixBack(s, ds, dqkv, dout []float32, st *layerState) {
	D, ld, P := u.width, 3*u.width, u.prefix
	_, k, v := u.qkv(st.qkv, u.start)
	_, dk, dv := u.qkv(dqkv, u.start)
	for r0 := 0; r0 < P; r0 += causalBlock {
		r1 := min(r0+causalBlock, P)
		q, _, _ := u.qkv(st.qkv, u.start+r0)
		dq, _, _ := u.qkv(dqkv, u.start+r0)
		do := u.out(dout, u.start+r0)
		p, d := s[r0*P:r1*P], ds[r0*P:r1*P]
		clear(d)
		nn.GemmSerial(false, true, r1-r0, r1, u.dim, 1, do, D, v, ld, d, P)  // dP = dO·Vᵀ
		nn.GemmSerial(true, false, r1, u.dim, r1-r0, 1, p, P, do, D, dv, ld) // dV += Pᵀ·dO
		for r := r0; r < r1; r++ {
			nn.SoftmaxBackward(ds[r*P:r*P+r+1], s[r*P:r*P+r+1], u.scale)
			clear(ds[r*P+r+1 : r*P+r1])
		}
		nn.GemmSerial(false, false, r1-r0, u.dim, r1, 1, d, P, k, ld, dq, ld) // dQ += dS·K
		nn.GemmSerial(true, false, r1, u.dim, r1-r0, 1, d, P, q, ld, dk, ld)  // dK += dSᵀ·Q
	}
}

func (u *unit) casesBack(s, ds, dqkv, dout []float32, st *layerState) {
	D, ld, P, W, C := u.width, 3*u.width, u.prefix, u.part.width(), u.caseRows
	if C == 0 {
		return
	}
	first := u.start + P
	q, _, _ := u.qkv(st.qkv, first)
	dq, _, _ := u.qkv(dqkv, first)
	do := u.out(dout, first)
	_, k, v := u.qkv(st.qkv, u.start)
	_, dk, dv := u.qkv(dqkv, u.start)
	clear(ds)
	if P > 0 {
		nn.GemmSerial(false, true, C, P, u.dim, 1, do, D, v, ld, ds, W)
		nn.GemmSerial(true, false, P, u.dim, C, 1, s, W, do, D, dv, ld)
	}
	for _, c := range u.cases {
		if c.rows > 0 {
			u.caseBack(c, s[(c.start-first)*W:], ds[(c.start-first)*W:], dqkv, dout, st)
		}
	}
	if P > 0 {
		nn.GemmSerial(false, false, C, u.dim, P, 1, ds, W, k, ld, dq, ld)
		nn.GemmSerial(true, false, P, u.dim, C, 1, ds, W, q, ld, dk, ld)
	}
}

// caseBack does what concerns a case alone, and the softmax of its whole rows:
// s and ds start at its first row, their prefix columns of ds are complete.
func (u *unit) caseBack(c span, s, ds, dqkv, dout []float32, st *layerState) {
	D, ld, P, W := u.width, 3*u.width, u.prefix, u.part.width()
	q, k, v := u.qkv(st.qkv, c.start)
	dq, dk, dv := u.qkv(dqkv, c.start)
	do := u.out(dout, c.start)
	nn.GemmSerial(false, true, c.rows, c.rows, u.dim, 1, do, D, v, ld, ds[P:], W)
	nn.GemmSerial(true, false, c.rows, u.dim, c.rows, 1, s[P:], W, do, D, dv, ld)
	for r := range c.rows {
		nn.SoftmaxBackward(ds[r*W:r*W+P+r+1], s[r*W:r*W+P+r+1], u.scale)
		clear(ds[r*W+P+r+1 : (r+1)*W])
	}
	nn.GemmSerial(false, false, c.rows, u.dim, c.rows, 1, ds[P:], W, k, ld, dq, ld)
	nn.GemmSerial(true, false, c.rows, u.dim, c.rows, 1, ds[P:], W, q, ld, dk, ld)
}
