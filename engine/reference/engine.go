package reference

import (
	"context"
	"fmt"
	"math"
	"slices"
	"sort"

	"paw/arch"
	"paw/engine"
	"paw/gguf"
	"paw/tokenizer"
)

// Geometry of the base.
func (e *Engine) Geometry() arch.Geometry { return e.geometry }

// Tokenizer of the base.
func (e *Engine) Tokenizer() *tokenizer.Tokenizer { return e.tokenizer }

// Close does nothing: the weights are Go's.
func (e *Engine) Close() error { return nil }

type pair struct{ a, b matrix }

type adapter struct {
	rank  int
	scale float32 // alpha / rank
	pairs map[string]pair
}

func (a *adapter) Rank() int    { return a.rank }
func (a *adapter) Close() error { return nil }

// Attach implements engine.Engine.
func (e *Engine) Attach(_ context.Context, src engine.Source) (engine.Adapter, error) {
	f, err := gguf.Parse(src, src.Size())
	if err != nil {
		return nil, fmt.Errorf("reference: adapter: %w", err)
	}
	valid, err := arch.AdapterFromGGUF(f, e.geometry)
	if err != nil {
		return nil, fmt.Errorf("reference: adapter: %w", err)
	}
	a := &adapter{rank: valid.Rank, scale: valid.Alpha / float32(valid.Rank), pairs: map[string]pair{}}
	for name, p := range valid.Pairs {
		var m [2]matrix
		for i, t := range []gguf.Tensor{p.A, p.B} {
			if m[i], err = weights(src, t); err != nil {
				return nil, err
			}
		}
		a.pairs[name] = pair{m[0], m[1]}
	}
	return a, nil
}

// cache is the keys and values of some positions: [layer][position][width].
type cache struct{ keys, values [][][]float32 }

func newCache(layers int) cache {
	return cache{make([][][]float32, layers), make([][][]float32, layers)}
}

func (c cache) clone() cache {
	n := newCache(len(c.keys))
	for l := range c.keys {
		n.keys[l], n.values[l] = slices.Clone(c.keys[l]), slices.Clone(c.values[l])
	}
	return n
}

type prefix struct {
	adapter *adapter
	cache   cache
	length  int
}

func (p *prefix) Len() int     { return p.length }
func (p *prefix) Close() error { return nil }

// NewPrefix implements engine.Engine.
func (e *Engine) NewPrefix(ctx context.Context, a engine.Adapter, tokens []int32) (engine.Prefix, error) {
	p := &prefix{cache: newCache(e.geometry.Layers)}
	if a != nil {
		p.adapter = a.(*adapter)
	}
	s := &session{engine: e, prefix: p, cache: p.cache, capacity: e.geometry.Context}
	if err := s.Prefill(ctx, tokens); err != nil {
		return nil, err
	}
	p.cache, p.length = s.cache, s.length
	return p, nil
}

type session struct {
	engine   *Engine
	prefix   *prefix
	cache    cache
	length   int
	capacity int // positions in all
	hidden   []float32
}

// NewSession implements engine.Engine.
func (e *Engine) NewSession(_ context.Context, p engine.Prefix, capacity int) (engine.Session, error) {
	own := p.(*prefix)
	if need := own.length + capacity; need > e.geometry.Context {
		return nil, &engine.ContextError{Need: need, Have: e.geometry.Context}
	}
	return &session{engine: e, prefix: own, cache: own.cache.clone(), length: own.length, capacity: own.length + capacity}, nil
}

func (s *session) Len() int     { return s.length }
func (s *session) Close() error { return nil }

func (s *session) Prefill(ctx context.Context, tokens []int32) error {
	if err := engine.CheckTokens(tokens, s.engine.geometry.Vocab); err != nil {
		return err
	}
	if s.length+len(tokens) > s.capacity {
		return &engine.ContextError{Need: s.length + len(tokens), Have: s.capacity}
	}
	for _, t := range tokens {
		if err := ctx.Err(); err != nil {
			return err
		}
		s.token(int(t))
	}
	return nil
}

// apply adds module j of a layer, adapter included, to y.
func (s *session) apply(l, j int, x, y []float32) {
	e := s.engine
	e.apply(e.layers[l].module[j], x, 1, y)
	a := s.prefix.adapter
	if a == nil {
		return
	}
	p, ok := a.pairs[e.geometry.TensorName(l, e.geometry.Modules()[j].Module)]
	if !ok {
		return
	}
	low := make([]float32, a.rank)
	e.apply(p.a, x, 1, low)
	e.apply(p.b, low, a.scale, y)
}

// token runs one token through all layers.
func (s *session) token(id int) {
	e, g := s.engine, s.engine.geometry
	x := make([]float32, g.Width)
	for i := range x {
		x[i] = e.embed.w[id*g.Width+i] + e.position[s.length*g.Width+i]
	}
	for l, w := range e.layers {
		qkv := make([]float32, 3*g.Width)
		s.apply(l, 0, e.norm(x, w.attnNormGain, w.attnNormBias), qkv)
		s.cache.keys[l] = append(s.cache.keys[l], qkv[g.Width:2*g.Width])
		s.cache.values[l] = append(s.cache.values[l], qkv[2*g.Width:])
		s.apply(l, 1, s.attend(l, qkv[:g.Width]), x)
		up := make([]float32, g.FFN)
		s.apply(l, 2, e.norm(x, w.ffnNormGain, w.ffnNormBias), up)
		if e.Quantize {
			laneGELU(up)
		} else {
			gelu(up)
		}
		s.apply(l, 3, up, x)
	}
	s.length++
	s.hidden = e.norm(x, e.normGain, e.normBias)
}

func (s *session) attend(l int, query []float32) []float32 {
	g := s.engine.geometry
	dim := g.Width / g.Heads
	out := make([]float32, g.Width)
	for h := range g.Heads {
		if s.engine.Quantize {
			laneAttend(query[h*dim:(h+1)*dim], s.cache.keys[l], s.cache.values[l], h*dim, out[h*dim:(h+1)*dim])
			continue
		}
		scores := make([]float32, len(s.cache.keys[l]))
		for j, key := range s.cache.keys[l] {
			var dot float64
			for i := h * dim; i < (h+1)*dim; i++ {
				dot += float64(query[i]) * float64(key[i])
			}
			scores[j] = float32(dot / math.Sqrt(float64(dim)))
		}
		mixed := make([]float64, dim)
		for j, lp := range logSoftmax(scores) {
			w := math.Exp(lp)
			for i := range mixed {
				mixed[i] += w * float64(s.cache.values[l][j][h*dim+i])
			}
		}
		for i, v := range mixed {
			out[h*dim+i] = float32(v)
		}
	}
	return out
}

func (s *session) Score(_ context.Context, rows []int32) ([]float32, error) {
	if s.hidden == nil {
		return nil, engine.ErrNoHidden
	}
	if err := engine.CheckTokens(rows, s.engine.geometry.Vocab); err != nil {
		return nil, err
	}
	lp := s.engine.logProbs(s.hidden)
	logits := make([]float32, len(rows))
	for i, r := range rows {
		logits[i] = float32(lp[r])
	}
	p := make([]float32, len(rows))
	for i, lp := range logSoftmax(logits) {
		p[i] = float32(math.Exp(lp))
	}
	return p, nil
}

func (s *session) Top(_ context.Context, k int) ([]engine.Candidate, error) {
	if s.hidden == nil {
		return nil, engine.ErrNoHidden
	}
	lp := s.engine.logProbs(s.hidden)
	ids := make([]int, len(lp))
	for i := range ids {
		ids[i] = i
	}
	sort.SliceStable(ids, func(i, j int) bool { return lp[ids[i]] > lp[ids[j]] })
	out := make([]engine.Candidate, min(k, len(ids)))
	for i := range out {
		l := lp[ids[i]]
		out[i] = engine.Candidate{Token: int32(ids[i]), LogProb: float32(l), Prob: float32(math.Exp(l))}
	}
	return out, nil
}

func (s *session) LogProbs(_ context.Context, dst []float32) error {
	if s.hidden == nil {
		return engine.ErrNoHidden
	}
	for i, lp := range s.engine.logProbs(s.hidden) {
		dst[i] = float32(lp)
	}
	return nil
}

func (s *session) Truncate(n int) error {
	if n < s.prefix.length || n > s.length {
		return fmt.Errorf("reference: truncate to %d: the session holds %d positions, %d of them prefix", n, s.length, s.prefix.length)
	}
	if n == s.length {
		return nil
	}
	for l := range s.cache.keys {
		s.cache.keys[l], s.cache.values[l] = s.cache.keys[l][:n], s.cache.values[l][:n]
	}
	s.length, s.hidden = n, nil
	return nil
}
