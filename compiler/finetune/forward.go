package finetune

import (
	"fmt"
	"math"

	"paw/nn"
)

// apply computes y (rows, out) = x·Wᵀ + bias + scale·(x·Aᵀ)·Bᵀ, or adds that
// to y. low (rows, rank) receives x·Aᵀ. A nil adapter leaves the base alone.
func (l *linear) apply(y, low, x []float32, rows int, add bool, a *Adapter, pair int) {
	nn.Parallel(rows, func(lo, hi int) {
		for r := lo; r < hi; r++ {
			if row := y[r*l.out : (r+1)*l.out]; add {
				nn.Add(row, 1, l.bias)
			} else {
				copy(row, l.bias)
			}
		}
	})
	nn.GemmPacked(false, rows, 1, x, l.in, l.forward, y, l.out)
	if a == nil {
		return
	}
	p, rank := a.Pairs[pair], a.Rank
	low = low[:rows*rank]
	clear(low)
	nn.Gemm(false, true, rows, rank, l.in, 1, x, l.in, p.A, l.in, low, rank)
	nn.Gemm(false, true, rows, l.out, rank, a.scale(), low, rank, p.B, rank, y, l.out)
}

// forward runs the batch up to the final states of its output rows, in
// ws.outX (n, D).
func (m *Model) forward(ws *workspace, b *batch, a *Adapter) {
	D := m.geo.Width
	nn.Parallel(len(b.tokens), func(lo, hi int) {
		for i := lo; i < hi; i++ {
			m.embedInto(ws.x[i*D:(i+1)*D], b.tokens[i], b.positions[i])
		}
	})
	for i := range m.layers {
		m.layerForward(ws, b, a, i)
	}
}

func (m *Model) layerForward(ws *workspace, b *batch, a *Adapter, i int) {
	D, F, eps := m.geo.Width, m.geo.FFN, m.geo.NormEps
	ly, st := &m.layers[i], &ws.layers[i]
	lin, pair := &ly.linears, i*modules
	x, rows := ws.x, len(b.tokens)

	nn.LayerNorm(st.in[attnQKV], st.norm1, st.rstd1, x, ly.norm1.gain, ly.norm1.bias, rows, D, eps)
	lin[attnQKV].apply(st.qkv, st.low[attnQKV], st.in[attnQKV], rows, false, a, pair+attnQKV)
	last := i == len(m.layers)-1
	m.attend(st, b, last)

	// Past the last attention only the output rows matter: the others are
	// dropped here, and with them most of the last layer's work. Rows ascend,
	// so st.attn is gathered in place.
	if last {
		for o, row := range b.outputs {
			copy(ws.outX[o*D:(o+1)*D], x[int(row)*D:])
			copy(st.attn[o*D:(o+1)*D], st.attn[int(row)*D:])
		}
		x, rows = ws.outX, len(b.outputs)
	}
	lin[attnOutput].apply(x, st.low[attnOutput], st.attn, rows, true, a, pair+attnOutput)

	nn.LayerNorm(st.in[ffnUp], st.norm2, st.rstd2, x, ly.norm2.gain, ly.norm2.bias, rows, D, eps)
	act := st.in[ffnDown][:rows*F]
	lin[ffnUp].apply(act, st.low[ffnUp], st.in[ffnUp], rows, false, a, pair+ffnUp)
	nn.GELU(act, st.slope[:rows*F], act)
	lin[ffnDown].apply(x, st.low[ffnDown], act, rows, true, a, pair+ffnDown)
}

// score sets ws.losses, one per target, from ws.outX. With gradients it also
// sets ws.outDX (n, D) to the gradient of Σ weight·loss·scale.
func (m *Model) score(ws *workspace, b *batch, scale float32, gradients bool) {
	n, D, V := len(b.outputs), m.geo.Width, m.geo.Vocab
	// In place: nothing needs the state before the final norm again.
	nn.LayerNorm(ws.outX, ws.normed, ws.rstd, ws.outX, m.final.gain, m.final.bias, n, D, m.geo.NormEps)
	if gradients {
		clear(ws.outDX)
	}
	var tokens [headRows]int32
	var weights [headRows]float32
	for lo := 0; lo < len(b.targets); lo += headRows {
		some := b.targets[lo:min(lo+headRows, len(b.targets))]
		hidden, logits := ws.hidden[:len(some)*D], ws.logits[:len(some)*V]
		for i, t := range some {
			copy(hidden[i*D:(i+1)*D], ws.outX[t.output*D:])
			tokens[i], weights[i] = t.token, t.weight*scale
		}
		clear(logits)
		nn.GemmPacked(false, len(some), 1, hidden, D, m.head, logits, V)
		nn.CrossEntropy(ws.losses[lo:lo+len(some)], logits, V, tokens[:len(some)], weights[:len(some)])
		if !gradients {
			continue
		}
		dHidden := ws.dHidden[:len(some)*D]
		clear(dHidden)
		nn.GemmPacked(false, len(some), 1, logits, V, m.headBack, dHidden, D)
		for i, t := range some {
			nn.Add(ws.outDX[t.output*D:(t.output+1)*D], 1, dHidden[i*D:(i+1)*D])
		}
	}
	if gradients {
		// outX becomes the gradient before the norm; outDX is consumed.
		clear(ws.outX)
		nn.LayerNormBackward(ws.outX, ws.outDX, ws.normed, ws.rstd, m.final.gain, n, D)
		ws.outX, ws.outDX = ws.outDX, ws.outX
	}
}

// sum is Σ weight·loss over the batch, in the order of its targets.
func (ws *workspace) sum(b *batch) (float64, error) {
	var s float64
	for i, t := range b.targets {
		s += float64(t.weight) * ws.losses[i]
	}
	if math.IsNaN(s) || math.IsInf(s, 0) {
		return s, fmt.Errorf("finetune: %w", ErrDiverged)
	}
	return s, nil
}
