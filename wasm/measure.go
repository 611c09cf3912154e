//go:build js

package main

import (
	"bytes"
	"context"
	"fmt"
	"runtime"
	"syscall/js"
	"time"

	"paw/engine"
	"paw/engine/simd"
)

// session starts on the bare base or under the GGUF of {adapter?}, behind prefix.
func (w *worker) session(ctx context.Context, m js.Value, prefix []int32, capacity int) (engine.Session, func(), error) {
	if w.engine == nil {
		return nil, nil, errBase
	}
	w.stopWarming()
	var adapter engine.Adapter
	if m.Get("adapter").Type() == js.TypeObject {
		b, err := blob(m, "adapter")
		if err != nil {
			return nil, nil, err
		}
		if adapter, err = w.engine.Attach(ctx, bytes.NewReader(b)); err != nil {
			return nil, nil, err
		}
		defer adapter.Close() // the prefix keeps it
	}
	p, err := w.engine.NewPrefix(ctx, adapter, prefix)
	if err != nil {
		return nil, nil, err
	}
	s, err := w.engine.NewSession(ctx, p, capacity)
	if err != nil {
		p.Close()
		return nil, nil, err
	}
	return s, func() { s.Close(); p.Close() }, nil
}

// forced feeds given tokens and tells, after each from first on, the likeliest next tokens: the
// comparison with another engine that one early difference does not spoil.
// {adapter?, tokens, first, top} → {steps: [[token, log-probability, …], …]}.
func (w *worker) forced(ctx context.Context, _ int, m js.Value) (answer, error) {
	all, first, top := tokens(m, "tokens"), number(m, "first"), max(number(m, "top"), 1)
	if first < 1 || first > len(all) {
		return nil, fmt.Errorf("%w: first must be 1 to %d", errInput, len(all))
	}
	s, done, err := w.session(ctx, m, nil, len(all))
	if err != nil {
		return nil, err
	}
	defer done()
	if err := s.Prefill(ctx, all[:first]); err != nil {
		return nil, err
	}
	steps := make([]any, 0, len(all)-first+1)
	for i := first; ; i++ {
		best, err := s.Top(ctx, top)
		if err != nil {
			return nil, err
		}
		step := make([]any, 0, 2*len(best))
		for _, c := range best {
			step = append(step, c.Token, c.LogProb)
		}
		steps = append(steps, step)
		if i == len(all) {
			return answer{"steps": steps}, nil
		}
		if err := s.Prefill(ctx, all[i:i+1]); err != nil {
			return nil, err
		}
	}
}

// measure times one call as applications make it: a cached prefix, new tokens, then the choice between
// labels by their first tokens, or a few decoded tokens.
// {adapter?, prefix: tokens, input: tokens, labels: tokens, decode} → {prefixMs, inputMs, labelMs, decodeMs}.
func (w *worker) measure(ctx context.Context, _ int, m js.Value) (answer, error) {
	prefix, input, decode := tokens(m, "prefix"), tokens(m, "input"), number(m, "decode")
	started := time.Now()
	s, done, err := w.session(ctx, m, prefix, len(input)+decode+1)
	if err != nil {
		return nil, err
	}
	defer done()
	a := answer{"prefixMs": ms(time.Since(started))}
	started = time.Now()
	if err := s.Prefill(ctx, input); err != nil {
		return nil, err
	}
	a["inputMs"] = ms(time.Since(started))
	started = time.Now()
	if labels := tokens(m, "labels"); len(labels) > 0 {
		if _, err := s.Score(ctx, labels); err != nil {
			return nil, err
		}
	}
	a["labelMs"] = ms(time.Since(started))
	started = time.Now()
	for n := range decode {
		best, err := s.Top(ctx, 1)
		if err != nil {
			return nil, err
		}
		if n == decode-1 {
			break // the last token is read, not run
		}
		if err := s.Prefill(ctx, []int32{best[0].Token}); err != nil {
			return nil, err
		}
	}
	a["decodeMs"] = ms(time.Since(started))
	return a, nil
}

// bandwidth tells what decoding is limited by: {} → {bytesPerToken, readPerSecond, plainPerSecond}, all in bytes.
func (w *worker) bandwidth(ctx context.Context, _ int, _ js.Value) (answer, error) {
	e, ok := w.engine.(*simd.Engine)
	if !ok {
		return nil, errBase
	}
	read, err := e.ReadBandwidth(ctx)
	return answer{"bytesPerToken": e.BytesPerToken(), "readPerSecond": read.Streams, "plainPerSecond": read.Plain}, err
}

// memory tells the bytes in use: {} → {kernel, heap, inUse}. The worker's own share comes on top.
func (w *worker) memory(context.Context, int, js.Value) (answer, error) {
	if w.stopWarming(); w.warmed != nil {
		<-w.warmed
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	a := answer{"heap": m.Sys, "inUse": m.HeapInuse, "kernel": 0}
	if e, ok := w.engine.(*simd.Engine); ok {
		a["kernel"] = e.MemoryInUse()
	}
	return a, nil
}
