package finetune

import "paw/nn"

// The backward pass forms gradients of the LoRA pairs only: those of the
// frozen weights are never needed, and nothing is computed below the input of
// the first layer's attn_qkv.

// back adds to the gradients of the pair, given dy (rows, out). Unless it is
// nil, dx (rows, in) is set to the gradient of the input.
//
//	dLow = scale·dy·B      (rows, rank)
//	dB  += scale·dyᵀ·low   (out, rank)
//	dA  += dLowᵀ·x         (rank, in)
//	dx   = dy·W + dLow·A   (rows, in)
func (l *linear) back(dx, dy, dLow, low, x []float32, rows int, a, grad *Adapter, pair int) {
	p, d, rank, s := a.Pairs[pair], grad.Pairs[pair], a.Rank, a.scale()
	dLow = dLow[:rows*rank]
	clear(dLow)
	nn.Gemm(false, false, rows, rank, l.out, s, dy, l.out, p.B, rank, dLow, rank)
	nn.Gemm(true, false, l.out, rank, rows, s, dy, l.out, low, rank, d.B, rank)
	nn.Gemm(true, false, rank, l.in, rows, 1, dLow, rank, x, l.in, d.A, l.in)
	if dx == nil {
		return
	}
	clear(dx)
	nn.GemmPacked(false, rows, 1, dy, l.out, l.backward, dx, l.in)
	nn.Gemm(false, false, rows, l.in, rank, 1, dLow, rank, p.A, l.in, dx, l.in)
}

// backward adds to grad, starting from ws.outDX, the gradient of the output
// rows' final states.
func (m *Model) backward(ws *workspace, b *batch, a, grad *Adapter) {
	for i := len(m.layers) - 1; i >= 0; i-- {
		m.layerBack(ws, b, a, grad, i)
	}
}

func (m *Model) layerBack(ws *workspace, b *batch, a, grad *Adapter, i int) {
	N, D, F := len(b.tokens), m.geo.Width, m.geo.FFN
	ly, st := &m.layers[i], &ws.layers[i]
	lin, pair := &ly.linears, i*modules
	last := i == len(m.layers)-1
	// dx is the gradient of the residual stream, updated in place.
	dx, rows := ws.dx, N
	if last {
		dx, rows = ws.outDX, len(b.outputs)
	}

	dAct, dIn := ws.dWide[:rows*F], ws.dIn[:rows*D]
	lin[ffnDown].back(dAct, dx, ws.dLow, st.low[ffnDown], st.in[ffnDown], rows, a, grad, pair+ffnDown)
	mulBy(dAct, st.slope[:rows*F])
	lin[ffnUp].back(dIn, dAct, ws.dLow, st.low[ffnUp], st.in[ffnUp], rows, a, grad, pair+ffnUp)
	nn.LayerNormBackward(dx, dIn, st.norm2, st.rstd2, ly.norm2.gain, rows, D)
	lin[attnOutput].back(dIn, dx, ws.dLow, st.low[attnOutput], st.attn, rows, a, grad, pair+attnOutput)

	if last {
		dIn = m.scatter(ws, b)
	}
	dQKV := ws.dWide[:N*3*D]
	m.attendBack(dQKV, dIn, ws.dScores, st, b, last)
	if i == 0 {
		dIn = nil
	}
	lin[attnQKV].back(dIn, dQKV, ws.dLow, st.low[attnQKV], st.in[attnQKV], N, a, grad, pair+attnQKV)
	if i > 0 {
		nn.LayerNormBackward(ws.dx, dIn, st.norm1, st.rstd1, ly.norm1.gain, N, D)
	}
}

// scatter undoes the gathering of output rows: ws.dx (N, D) becomes ws.outDX
// with zeros elsewhere, and so does the attention gradient in ws.dIn, which is
// returned. Rows ascend, so going down moves ws.dIn in place.
func (m *Model) scatter(ws *workspace, b *batch) []float32 {
	D := m.geo.Width
	next := len(b.outputs) - 1
	for row := len(b.tokens) - 1; row >= 0; row-- {
		x, in := ws.dx[row*D:(row+1)*D], ws.dIn[row*D:(row+1)*D]
		if next >= 0 && int(b.outputs[next]) == row {
			copy(x, ws.outDX[next*D:(next+1)*D])
			copy(in, ws.dIn[next*D:(next+1)*D])
			next--
			continue
		}
		clear(x)
		clear(in)
	}
	return ws.dIn
}

func mulBy(y, x []float32) {
	const piece = 4096
	nn.Parallel((len(y)+piece-1)/piece, func(lo, hi int) {
		lo, hi = lo*piece, min(hi*piece, len(y))
		nn.Mul(y[lo:hi], x[lo:hi])
	})
}
