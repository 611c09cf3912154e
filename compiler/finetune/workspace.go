package finetune

// workspace is all the memory of a forward and backward pass, cut from one
// slice that is allocated once: page faults on fresh buffers once took 40 % of
// a step. N rows, n output rows, D width, F ffn width, r rank.
type workspace struct {
	arena  arena
	layers []layerState
	keep   bool // every layer has its own state: needed for a backward pass
	rank   int

	x      []float32 // (N, D) the residual stream
	outX   []float32 // (n, D) the same, output rows only, from inside the last layer on
	normed []float32 // (n, D) final norm before gain
	rstd   []float32 // (n)
	logits []float32 // (headRows, vocab)
	hidden []float32 // (headRows, D) inputs of the head
	losses []float64 // (targets)

	// Gradients.
	dx      []float32 // (N, D) residual stream
	outDX   []float32 // (n, D)
	dHidden []float32 // (headRows, D)
	dWide   []float32 // (N, max(3D, F)) of qkv, or of the activation
	dIn     []float32 // (N, D) of a linear's input
	dLow    []float32 // (N, r) of x·Aᵀ
	dScores []float32 // (heads · scores)
}

// layerState is what the backward pass reads again.
type layerState struct {
	norm1, norm2 []float32          // (N, D), (n', D) normalised rows before gain
	rstd1, rstd2 []float32          // (N), (n')
	in           [modules][]float32 // inputs of the four linears
	low          [modules][]float32 // (rows, r) x·Aᵀ of each
	qkv          []float32          // (N, 3D)
	probs        []float32          // (heads · scores)
	attn         []float32          // (N, D), in the last layer then (n, D)
	slope        []float32          // (n', F) derivative of the activation
}

// headRows is how many targets the output matrix is applied to at a time:
// vocab-wide rows are the largest buffer there is.
const headRows = 64

// arena hands out pieces of one slice. While measuring it only counts.
type arena struct {
	data      []float32
	used      int
	measuring bool
}

func (a *arena) take(n int) []float32 {
	start := a.used
	a.used += (n + 15) &^ 15
	if a.measuring {
		return nil
	}
	return a.data[start : start+n : start+n]
}

// newWorkspace allocates for the largest of the batches to come.
func (m *Model) newWorkspace(batches []*batch, rank int, keep bool) *workspace {
	ws := &workspace{keep: keep, rank: rank, layers: make([]layerState, m.geo.Layers)}
	need, targets := 0, 0
	for _, b := range batches {
		ws.arena = arena{measuring: true}
		m.layout(ws, b)
		need, targets = max(need, ws.arena.used), max(targets, len(b.targets))
	}
	ws.arena = arena{data: make([]float32, need)}
	ws.losses = make([]float64, targets)
	return ws
}

// fits tells whether the batch can be laid out in the workspace.
func (m *Model) fits(ws *workspace, b *batch) bool {
	probe := &workspace{keep: ws.keep, rank: ws.rank, layers: make([]layerState, m.geo.Layers), arena: arena{measuring: true}}
	m.layout(probe, b)
	return probe.arena.used <= len(ws.arena.data) && len(b.targets) <= len(ws.losses)
}

// layout cuts the arena for one batch.
func (m *Model) layout(ws *workspace, b *batch) {
	a := &ws.arena
	a.used = 0
	N, n := len(b.tokens), len(b.outputs)
	D, F, r, V := m.geo.Width, m.geo.FFN, ws.rank, m.geo.Vocab
	scores := m.geo.Heads * b.headScores

	ws.x, ws.outX = a.take(N*D), a.take(n*D)
	ws.normed, ws.rstd = a.take(n*D), a.take(n)
	ws.logits, ws.hidden = a.take(headRows*V), a.take(headRows*D)
	states := 1
	if ws.keep {
		states = len(ws.layers)
		ws.dx, ws.outDX, ws.dHidden = a.take(N*D), a.take(n*D), a.take(headRows*D)
		ws.dWide, ws.dIn, ws.dLow = a.take(N*max(3*D, F)), a.take(N*D), a.take(N*r)
		ws.dScores = a.take(scores)
	}
	for i := range ws.layers {
		s := &ws.layers[i]
		if i >= states {
			*s = ws.layers[0]
			continue
		}
		rows := N // after attention
		if ws.keep && i == len(ws.layers)-1 {
			rows = n
		}
		s.norm1, s.rstd1, s.in[attnQKV] = a.take(N*D), a.take(N), a.take(N*D)
		s.qkv, s.probs, s.attn = a.take(N*3*D), a.take(scores), a.take(N*D)
		s.in[attnOutput] = s.attn
		s.norm2, s.rstd2, s.in[ffnUp] = a.take(rows*D), a.take(rows), a.take(rows*D)
		s.slope, s.in[ffnDown] = a.take(rows*F), a.take(rows*F)
		for j := range s.low {
			s.low[j] = a.take(N * r)
		}
	}
}
