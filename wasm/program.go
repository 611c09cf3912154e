//go:build js

package main

import (
	"bytes"
	"context"
	"fmt"
	"syscall/js"
	"time"

	"paw/engine"
	"paw/engine/simd"
	"paw/function"
	"paw/pawfile"
)

// loaded is a function that answers.
type loaded struct {
	*function.Function
	busy   int // calls in flight; it is closed after the last
	closed bool
}

// warm lets the browser optimise the kernel while nothing is asked of it.
func (w *worker) warm(e *simd.Engine) {
	ctx, cancel := context.WithCancel(context.Background())
	warmed := make(chan struct{})
	w.stopWarming, w.warmed = cancel, warmed
	go func() {
		defer close(warmed)
		defer cancel()
		if err := e.Warm(ctx); err != nil {
			return // busy, or closed: the first call finds the kernel as it is
		}
	}()
}

// load reads a base: {source, size, sha256, engine?}. A worker holds one.
func (w *worker) load(ctx context.Context, id int, m js.Value) (answer, error) {
	if w.engine != nil || w.loading {
		return nil, fmt.Errorf("%w: this worker has an interpreter already: start another worker", errInput)
	}
	size := m.Get("size")
	if size.Type() != js.TypeNumber || size.Float() < 1 {
		return nil, fmt.Errorf("%w: load needs the size of the file", errInput)
	}
	w.loading = true
	defer func() { w.loading = false }()
	src := simd.BrowserSource(w.host, number(m, "source"), int64(size.Float()))
	if text(m, "engine") == "wllama" {
		return w.loadPeer(ctx, src, text(m, "sha256"))
	}
	h, err := simd.NewBrowserHost(w.host)
	if err != nil {
		return nil, err
	}
	var told time.Time
	progress := func(done, total int64) {
		if now := time.Now(); done == total || now.Sub(told) > 50*time.Millisecond {
			told = now
			w.progress(id, done, total)
		}
	}
	e, err := simd.Load(ctx, h, src, progress)
	if err != nil {
		return nil, err
	}
	w.engine, w.digest = e, text(m, "sha256")
	w.warm(e)
	g := e.Geometry()
	return answer{
		"context": g.Context, "vocab": g.Vocab, "layers": g.Layers, "width": g.Width,
		"memory": e.MemoryInUse(),
	}, nil
}

// program reads the .paw of a message.
func program(m js.Value) (*pawfile.Program, error) {
	b, err := blob(m, "program")
	if err != nil {
		return nil, err
	}
	return pawfile.Read(bytes.NewReader(b), int64(len(b)))
}

// described is what a page shows of a program.
func described(p *pawfile.Program) answer {
	return answer{
		"programId": p.Meta.ProgramID, "spec": p.Meta.Spec, "interpreter": p.Meta.Interpreter,
		"labels": strings(p.Meta.Labels), "pseudoProgram": p.PseudoProgram, "meta": p.Meta.Text(),
		"baseSha256": p.Meta.BaseSHA256, "adapterBytes": len(p.Adapter),
	}
}

// inspect describes a program without running it: {program}.
func (w *worker) inspect(_ context.Context, _ int, m js.Value) (answer, error) {
	p, err := program(m)
	if err != nil {
		return nil, err
	}
	return described(p), nil
}

// prefix takes up a kept prefix, {prefix: source, prefixSize}, or computes it; kept says which.
func (w *worker) prefix(m js.Value, kept *bool) func(context.Context, engine.Adapter, []int32) (engine.Prefix, error) {
	return func(ctx context.Context, a engine.Adapter, tokens []int32) (engine.Prefix, error) {
		if e, ok := w.engine.(*simd.Engine); ok && m.Get("prefix").Type() == js.TypeNumber {
			p, err := e.RestorePrefix(ctx, a, tokens, simd.BrowserSource(w.host, number(m, "prefix"), int64(float(m, "prefixSize"))))
			if err == nil || ctx.Err() != nil {
				*kept = err == nil
				return p, err
			} // unusable: computed anew
		}
		return w.engine.NewPrefix(ctx, a, tokens)
	}
}

// open makes a program ready to answer: {program, prefix?, prefixSize?}. keep in the answer: where the worker finds
// the keys and values that were computed.
func (w *worker) open(ctx context.Context, _ int, m js.Value) (answer, error) {
	started := time.Now()
	p, err := program(m)
	if err != nil {
		return nil, err
	}
	if w.engine == nil {
		return nil, errBase
	}
	a := described(p)
	read := time.Since(started)
	w.stopWarming()
	kept := false
	f, err := function.Open(ctx, w.engine, p, function.Options{BaseSHA256: w.digest, Prefix: w.prefix(m, &kept)})
	if err != nil {
		return nil, err
	}
	w.last++
	w.functions[w.last] = &loaded{Function: f}
	a["function"], a["labels"], a["prefixTokens"] = w.last, strings(f.Labels()), f.PrefixTokens()
	a["prefixKept"] = kept
	if e, ok := w.engine.(*simd.Engine); ok && !kept {
		keys, values, n := e.PrefixArea(f.Prefix())
		a["keep"] = map[string]any{"keys": keys, "values": values, "bytes": n}
	}
	a["readMs"], a["attachMs"], a["prefillMs"] = ms(read), ms(f.AttachTime), ms(f.PrefixTime)
	return a, nil
}

func (w *worker) function(m js.Value) (*loaded, error) {
	f := w.functions[number(m, "function")]
	if f == nil {
		return nil, fmt.Errorf("%w: there is no function %d: open a program first", errInput, number(m, "function"))
	}
	return f, nil
}

// call answers one input: {function, input, maxTokens?, threshold?, stream?}. With stream, {id, piece} messages
// come before the answer.
func (w *worker) call(ctx context.Context, id int, m js.Value) (answer, error) {
	f, err := w.function(m)
	if err != nil {
		return nil, err
	}
	w.stopWarming()
	f.busy++
	defer func() {
		if f.busy--; f.busy == 0 && f.closed {
			f.Close()
		}
	}()
	started := time.Now()
	c := function.Call{MaxTokens: number(m, "maxTokens"), Threshold: float(m, "threshold")}
	if m.Get("stream").Truthy() {
		c.Piece = func(piece string) { w.host.Call("post", map[string]any{"id": id, "piece": piece}) }
	}
	a, err := f.Call(ctx, text(m, "input"), c)
	if err != nil {
		return nil, err
	}
	var shares any
	if a.Probabilities != nil {
		list := make([]any, len(a.Probabilities))
		for i, p := range a.Probabilities {
			list[i] = map[string]any{"label": p.Label, "probability": p.Probability}
		}
		shares = list
	}
	return answer{
		"output": a.Output, "label": a.Label, "probabilities": shares,
		"confidence": a.Confidence, "calibrated": a.Calibrated, "abstained": a.Abstained, "partial": a.Partial,
		"tokens": a.Tokens, "stop": string(a.Stop), "ms": ms(time.Since(started)),
	}, nil
}

// close lets go of a function: {function}.
func (w *worker) close(_ context.Context, _ int, m js.Value) (answer, error) {
	f, err := w.function(m)
	if err != nil {
		return nil, err
	}
	delete(w.functions, number(m, "function"))
	if f.closed = true; f.busy > 0 {
		return nil, nil // its last call closes it
	}
	return nil, f.Close()
}
