package finetune

import (
	"fmt"

	"paw/nn"
)

// States runs a sequence of tokens and returns the states of its last rows
// positions after some of the layers (0 is the first), each (rows, width). The
// state after the last layer comes after the final norm.
//
// This is how a neural compiler reads: such a model is an encoder here, and its
// output matrix is not used.
func (m *Model) States(tokens []int32, rows int, layers []int) ([][]float32, error) {
	switch n := len(tokens); {
	case rows < 1 || n < rows:
		return nil, fmt.Errorf("finetune: states of %d positions wanted, there are %d tokens: %w", rows, n, ErrData)
	case n > m.geo.Context:
		return nil, fmt.Errorf("finetune: %d tokens, the model holds %d: %w", n, m.geo.Context, ErrData)
	}
	for _, t := range tokens {
		if t < 0 || int(t) >= m.geo.Vocab {
			return nil, fmt.Errorf("finetune: token %d outside the vocabulary of %d: %w", t, m.geo.Vocab, ErrData)
		}
	}
	b := &batch{}
	b.addPart(tokens)
	b.parts[0].prefixOutput = true
	b.headScores = b.parts[0].headScores()
	first := len(tokens) - rows
	for row := first; row < len(tokens); row++ {
		b.outputs = append(b.outputs, int32(row))
	}
	ws := m.newWorkspace([]*batch{b}, 0, false)
	m.layout(ws, b)
	D := m.geo.Width
	for i := range tokens {
		m.embedInto(ws.x[i*D:(i+1)*D], b.tokens[i], b.positions[i])
	}
	after := make([][]float32, len(m.layers))
	for i := range m.layers {
		m.layerForward(ws, b, nil, i)
		after[i] = make([]float32, rows*D)
		if i < len(m.layers)-1 {
			copy(after[i], ws.x[first*D:])
			continue
		}
		nn.LayerNorm(after[i], ws.normed, ws.rstd, ws.outX, m.final.gain, m.final.bias, rows, D, m.geo.NormEps)
	}
	out := make([][]float32, len(layers))
	for i, l := range layers {
		if l < 0 || l >= len(after) {
			return nil, fmt.Errorf("finetune: state after layer %d wanted, there are %d: %w", l, len(after), ErrData)
		}
		out[i] = after[l]
	}
	return out, nil
}
