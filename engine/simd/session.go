package simd

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"time"

	"paw/engine"
)

// prefix is an immutable segment of keys and values under one adapter.
type prefix struct {
	engine  *Engine
	adapter *adapter // nil: the bare base
	kv      segment
	users   int // sessions on it, plus one until Close
	closed  bool
}

// NewPrefix implements engine.Engine.
func (e *Engine) NewPrefix(ctx context.Context, a engine.Adapter, tokens []int32) (engine.Prefix, error) {
	return e.prefix(ctx, a, tokens, func(s *session) error { return s.prefill(ctx, tokens, false) })
}

// prefix lets fill write the keys and values of the tokens into the tail of a session, and keeps them.
func (e *Engine) prefix(ctx context.Context, a engine.Adapter, tokens []int32, fill func(*session) error) (engine.Prefix, error) {
	if len(tokens) > e.geometry.Context {
		return nil, &engine.ContextError{Need: len(tokens), Have: e.geometry.Context}
	}
	p := &prefix{engine: e, users: 1}
	if a != nil {
		own, ok := a.(*adapter)
		if !ok || own.engine != e {
			return nil, engine.ErrForeign
		}
		p.adapter = own
	}
	if err := e.lock(); err != nil {
		return nil, err
	}
	if p.adapter != nil {
		if p.adapter.closed {
			e.mu.Unlock()
			return nil, engine.ErrClosed
		}
		p.adapter.users++
	}
	e.mu.Unlock()
	if len(tokens) == 0 {
		return p, nil
	}
	s, err := e.newSession(ctx, p, len(tokens))
	if err == nil {
		err = fill(s)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if err == nil {
		p.kv, s.tail = s.tail, segment{} // the tail it was computed in becomes the prefix
	}
	if s != nil {
		s.free()
	}
	if err != nil {
		p.drop()
		return nil, err
	}
	return p, nil
}

func (p *prefix) Len() int { return int(p.kv.length) }

func (p *prefix) Close() error {
	p.engine.mu.Lock()
	defer p.engine.mu.Unlock()
	if p.closed {
		return nil
	}
	p.closed = true
	p.drop()
	return nil
}

// drop releases one use; the engine is locked.
func (p *prefix) drop() {
	if p.users--; p.users > 0 {
		return
	}
	p.engine.freeSegment(&p.kv)
	if p.adapter != nil {
		p.adapter.drop()
	}
}

// segmentBytes is what the keys of so many positions take; the values take as much.
func (e *Engine) segmentBytes(capacity int) int64 {
	return 4 * int64(e.geometry.Layers) * int64(capacity) * int64(e.geometry.Width)
}

func (e *Engine) newSegment(capacity int) (segment, error) {
	s := segment{capacity: uint32(capacity)}
	bytes := e.segmentBytes(capacity)
	var err error
	if s.key, err = e.arena.alloc(bytes); err != nil {
		return segment{}, err
	}
	if s.value, err = e.arena.alloc(bytes); err != nil {
		e.freeSegment(&s)
		return segment{}, err
	}
	return s, nil
}

func (e *Engine) freeSegment(s *segment) {
	e.arena.release(s.key)
	e.arena.release(s.value)
	*s = segment{}
}

// session is a tail of keys and values behind a prefix.
type session struct {
	engine     *Engine
	prefix     *prefix
	tail       segment
	hidden     uint32
	descriptor uint32
	scorable   bool // the hidden state is that of the last token
	closed     bool
}

// NewSession implements engine.Engine.
func (e *Engine) NewSession(ctx context.Context, p engine.Prefix, capacity int) (engine.Session, error) {
	own, ok := p.(*prefix)
	if !ok || own.engine != e {
		return nil, engine.ErrForeign
	}
	if capacity < 1 {
		return nil, fmt.Errorf("simd: a session needs room for at least one token, not %d", capacity)
	}
	if need := own.Len() + capacity; need > e.geometry.Context {
		return nil, &engine.ContextError{Need: need, Have: e.geometry.Context}
	}
	return e.newSession(ctx, own, capacity)
}

func (e *Engine) newSession(ctx context.Context, p *prefix, capacity int) (*session, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err := e.lock(); err != nil {
		return nil, err
	}
	defer e.mu.Unlock()
	if p.closed {
		return nil, engine.ErrClosed
	}
	s := &session{engine: e, prefix: p}
	e.yielded.Store(time.Now().UnixNano()) // whoever asked was heard just now
	p.users++
	err := s.alloc(capacity)
	if err != nil {
		s.free()
		return nil, err
	}
	return s, nil
}

func (s *session) alloc(capacity int) (err error) {
	e := s.engine
	if s.tail, err = e.newSegment(capacity); err != nil {
		return err
	}
	if s.hidden, err = e.arena.alloc(int64(4 * e.geometry.Width)); err != nil {
		return err
	}
	var w words
	w.u32(e.model)
	if s.prefix.adapter != nil {
		w.u32(s.prefix.adapter.descriptor)
	} else {
		w.u32(0)
	}
	w.segment(s.prefix.kv)
	w.segment(s.tail)
	w.u32(s.hidden, e.shared.descriptor)
	s.descriptor, err = e.put(w.b)
	return err
}

// free gives everything back; the engine is locked.
func (s *session) free() {
	e := s.engine
	e.freeSegment(&s.tail)
	e.arena.release(s.hidden)
	e.arena.release(s.descriptor)
	s.hidden, s.descriptor = 0, 0
	s.closed = true
	s.prefix.drop()
}

func (s *session) Close() error {
	s.engine.mu.Lock()
	defer s.engine.mu.Unlock()
	if !s.closed {
		s.free()
	}
	return nil
}

func (s *session) Len() int { return int(s.prefix.kv.length + s.tail.length) }

// breath is how long decoding, one token a call, goes on before the event loop has its turn, in a
// browser 256 ms. Whoever aborts waits no longer.
const breath = 4 * chunkTime

// Prefill implements engine.Session.
func (s *session) Prefill(ctx context.Context, tokens []int32) error {
	return s.prefill(ctx, tokens, true)
}

func (s *session) prefill(ctx context.Context, tokens []int32, want bool) error {
	e := s.engine
	if err := engine.CheckTokens(tokens, e.geometry.Vocab); err != nil {
		return err
	}
	if err := s.lock(); err != nil {
		return err
	}
	free := int(s.tail.capacity - s.tail.length)
	e.mu.Unlock()
	if len(tokens) > free {
		return &engine.ContextError{Need: s.Len() + len(tokens), Have: s.Len() + free}
	}
	for first := true; len(tokens) > 0; first = false {
		if !first || time.Now().UnixNano()-e.yielded.Load() >= int64(breath) {
			if err := e.host.Yield(ctx); err != nil {
				return err
			}
			e.yielded.Store(time.Now().UnixNano())
		}
		n := e.pace.next(len(tokens))
		started := time.Now()
		if err := s.chunk(ctx, tokens[:n], want && n == len(tokens)); err != nil {
			return err
		}
		e.pace.took(n, time.Since(started))
		tokens = tokens[n:]
	}
	return nil
}

func (s *session) chunk(ctx context.Context, tokens []int32, want bool) error {
	e := s.engine
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := s.lock(); err != nil {
		return err
	}
	defer e.mu.Unlock()
	if err := e.host.Write(e.io, int32Bytes(tokens)); err != nil {
		return err
	}
	var flag uint32
	if want {
		flag = 1
	}
	if _, err := e.host.Call(ctx, "prefill", s.descriptor, e.io, uint32(len(tokens)), flag); err != nil {
		return err
	}
	s.tail.length += uint32(len(tokens)) // the kernel has done the same to its own
	s.scorable = want
	return nil
}

// lock takes the engine for one kernel call on this session.
func (s *session) lock() error {
	if err := s.engine.lock(); err != nil {
		return err
	}
	if s.closed {
		s.engine.mu.Unlock()
		return engine.ErrClosed
	}
	return nil
}

// result runs a kernel function that reads the hidden state and returns bytes of the io buffer.
func (s *session) result(ctx context.Context, call func() (at uint32, n int, err error)) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err := s.lock(); err != nil {
		return nil, err
	}
	defer s.engine.mu.Unlock()
	if !s.scorable {
		return nil, engine.ErrNoHidden
	}
	at, n, err := call()
	if err != nil {
		return nil, err
	}
	b := make([]byte, n)
	return b, s.engine.host.Read(at, b)
}

// Score implements engine.Session.
func (s *session) Score(ctx context.Context, rows []int32) ([]float32, error) {
	e := s.engine
	if err := engine.CheckTokens(rows, e.geometry.Vocab); err != nil {
		return nil, err
	}
	if len(rows) == 0 || len(rows) > e.geometry.Vocab {
		return nil, fmt.Errorf("simd: %d rows to score, the vocabulary has %d", len(rows), e.geometry.Vocab)
	}
	b, err := s.result(ctx, func() (uint32, int, error) {
		if err := e.host.Write(e.io, int32Bytes(rows)); err != nil {
			return 0, 0, err
		}
		out := e.io + uint32(4*len(rows))
		_, err := e.host.Call(ctx, "score", s.descriptor, e.io, uint32(len(rows)), out)
		return out, 4 * len(rows), err
	})
	if err != nil {
		return nil, err
	}
	p := make([]float32, len(rows))
	float32s(p, b)
	return p, nil
}

// Top implements engine.Session.
func (s *session) Top(ctx context.Context, k int) ([]engine.Candidate, error) {
	e := s.engine
	k = min(k, e.geometry.Vocab, e.ioSize/candidateSize)
	if k < 1 {
		return nil, fmt.Errorf("simd: top %d: ask for at least one candidate", k)
	}
	b, err := s.result(ctx, func() (uint32, int, error) {
		n, err := e.host.Call(ctx, "top", s.descriptor, uint32(k), e.io)
		return e.io, int(min(n, uint32(k))) * candidateSize, err
	})
	if err != nil {
		return nil, err
	}
	out := make([]engine.Candidate, len(b)/candidateSize)
	for i := range out {
		c := b[i*candidateSize:]
		out[i].Token = int32(binary.LittleEndian.Uint32(c))
		out[i].LogProb = math.Float32frombits(binary.LittleEndian.Uint32(c[4:]))
		out[i].Prob = math.Float32frombits(binary.LittleEndian.Uint32(c[8:]))
	}
	return out, nil
}

// LogProbs implements engine.Session.
func (s *session) LogProbs(ctx context.Context, dst []float32) error {
	e := s.engine
	if len(dst) != e.geometry.Vocab {
		return fmt.Errorf("simd: room for %d log-probabilities, the vocabulary has %d", len(dst), e.geometry.Vocab)
	}
	b, err := s.result(ctx, func() (uint32, int, error) {
		_, err := e.host.Call(ctx, "log_probs", s.descriptor, e.io)
		return e.io, 4 * len(dst), err
	})
	if err != nil {
		return err
	}
	float32s(dst, b)
	return nil
}

// Truncate implements engine.Session.
func (s *session) Truncate(n int) error {
	if n < int(s.prefix.kv.length) || n > s.Len() {
		return fmt.Errorf("simd: truncate to %d: the session holds %d positions, %d of them prefix", n, s.Len(), s.prefix.kv.length)
	}
	if err := s.lock(); err != nil {
		return err
	}
	defer s.engine.mu.Unlock()
	length := uint32(n) - s.prefix.kv.length
	if length != s.tail.length {
		s.scorable = false
	}
	s.tail.length = length
	return s.engine.host.Write(s.descriptor+sessionLength, binary.LittleEndian.AppendUint32(nil, length))
}
