// Package wllama is an engine whose arithmetic happens elsewhere: in llama.cpp, built for browsers by
// the npm package @wllama/wllama, which a worker of the page runs (web/src/wllama.ts). This side
// parses the base's header, checks adapters and tokens and words every question to llama.cpp as a
// completion request. So programs answer by the very rules of package function on either engine.
// It promises no equal bits: llama.cpp rounds activations otherwise than the kernel.
package wllama

import (
	"context"
	"errors"
	"fmt"
	"io"

	"paw/arch"
	"paw/engine"
	"paw/gguf"
	"paw/tokenizer"
)

// MaxContext bounds the positions of one function. llama.cpp sets aside memory for all of them, and
// Qwen3 promises 40,960.
const MaxContext = 2048

// Peer runs llama.cpp.
type Peer interface {
	// Attach hands over a checked adapter file and names it by a number above 0.
	Attach(ctx context.Context, file []byte) (int, error)
	Detach(adapter int)
	// Complete runs one request under an adapter (0: the bare base). The peer repeats the first
	// request of each adapter when it has to load again: that one is its prefix.
	Complete(ctx context.Context, adapter int, request Request) (Reply, error)
}

// Request is a completion request.
type Request struct {
	Prompt      string
	MaxTokens   int
	Temperature float32
	Samplers    []string
	TopK        int
	LogitBias   [][2]float32 // token, bias
	Grammar     string
	Count       int  // how many of the likeliest tokens are told
	Sampled     bool // with the probabilities that samplers left, not the logarithms before them
	Cache       bool

	read   int     // tokens that the prompt must be read as
	forced []int32 // what the grammar forces behind it
}

// Fields are the request in llama.cpp's words, as a host hands it on.
func (r *Request) Fields() map[string]any {
	samplers, bias := make([]any, len(r.Samplers)), make([]any, len(r.LogitBias))
	for i, x := range r.Samplers {
		samplers[i] = x
	}
	for i, x := range r.LogitBias {
		bias[i] = []any{x[0], x[1]}
	}
	m := map[string]any{
		"prompt": r.Prompt, "max_tokens": r.MaxTokens, "temperature": r.Temperature, "samplers": samplers, "top_k": r.TopK,
		"logit_bias": bias, "n_probs": r.Count, "post_sampling_probs": r.Sampled, "cache_prompt": r.Cache,
	}
	if r.Grammar != "" {
		m["grammar"] = r.Grammar
	}
	return m
}

// Reply is what a completion found at its last position, the likeliest token first.
type Reply struct {
	Prompt  int // tokens of the prompt as the peer read it
	Chosen  int32
	Tokens  []int32
	Numbers []float64 // probabilities, or their logarithms where the request did not ask for Sampled
}

// Engine is a base that a peer holds. It implements engine.Engine.
type Engine struct {
	geometry  arch.Geometry
	tokenizer *tokenizer.Tokenizer
	peer      Peer
}

// Load reads the header of a base whose file the peer has.
func Load(src engine.Source, peer Peer) (*Engine, error) {
	f, err := gguf.Parse(src, src.Size())
	if err != nil {
		return nil, fmt.Errorf("wllama: base: %w", err)
	}
	g, err := arch.FromGGUF(f)
	if err != nil {
		return nil, fmt.Errorf("wllama: base: %w", err)
	}
	t, err := tokenizer.FromGGUF(f)
	if err != nil {
		return nil, fmt.Errorf("wllama: base: %w", err)
	}
	g.Context = min(g.Context, MaxContext)
	return &Engine{geometry: g, tokenizer: t, peer: peer}, nil
}

// Geometry of the base.
func (e *Engine) Geometry() arch.Geometry { return e.geometry }

// Tokenizer of the base.
func (e *Engine) Tokenizer() *tokenizer.Tokenizer { return e.tokenizer }

// Close does nothing: the peer ends with its worker.
func (e *Engine) Close() error { return nil }

type adapter struct {
	engine *Engine
	number int
	rank   int
	closed bool
}

// Attach implements engine.Engine. The file is checked against the allow-list before llama.cpp sees it.
func (e *Engine) Attach(ctx context.Context, src engine.Source) (engine.Adapter, error) {
	f, err := gguf.Parse(src, src.Size())
	if err != nil {
		return nil, fmt.Errorf("wllama: adapter: %w", err)
	}
	a, err := arch.AdapterFromGGUF(f, e.geometry)
	if err != nil {
		return nil, fmt.Errorf("wllama: adapter: %w", err)
	}
	file := make([]byte, src.Size())
	if _, err := src.ReadAt(file, 0); err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("wllama: adapter: %w", err)
	}
	n, err := e.peer.Attach(ctx, file)
	if err != nil {
		return nil, fmt.Errorf("wllama: adapter: %w", err)
	}
	return &adapter{engine: e, number: n, rank: a.Rank}, nil
}

func (a *adapter) Rank() int { return a.rank }

func (a *adapter) Close() error {
	if !a.closed {
		a.closed = true
		a.engine.peer.Detach(a.number)
	}
	return nil
}

// prefix is a list of tokens: their keys and values lie in the peer's slot of the adapter.
type prefix struct {
	engine *Engine
	number int // of the adapter
	tokens []int32
	closed bool
}

// NewPrefix implements engine.Engine. It asks once, so that the peer computes the prefix now.
func (e *Engine) NewPrefix(ctx context.Context, a engine.Adapter, tokens []int32) (engine.Prefix, error) {
	if len(tokens) > e.geometry.Context {
		return nil, &engine.ContextError{Need: len(tokens), Have: e.geometry.Context}
	}
	p := &prefix{engine: e, tokens: append([]int32(nil), tokens...)}
	if a != nil {
		own, ok := a.(*adapter)
		if !ok || own.engine != e {
			return nil, engine.ErrForeign
		}
		if own.closed {
			return nil, engine.ErrClosed
		}
		p.number = own.number
	}
	if len(tokens) > 0 && len(tokens) < e.geometry.Context {
		s := &session{engine: e, prefix: p, tokens: p.tokens, capacity: len(tokens)}
		if _, err := s.Top(ctx, 1); err != nil {
			return nil, err
		}
	}
	return p, nil
}

func (p *prefix) Len() int { return len(p.tokens) }

func (p *prefix) Close() error { p.closed = true; return nil }
