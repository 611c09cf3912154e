//go:build js

package main

import (
	"context"
	"fmt"
	"syscall/js"

	"paw/engine"
	"paw/engine/wllama"
)

// loadPeer reads a base that llama.cpp runs: the worker holds the same file for it.
func (w *worker) loadPeer(ctx context.Context, src engine.Source, digest string) (answer, error) {
	e, err := wllama.Load(src, peer{w})
	if err != nil {
		return nil, err
	}
	g := e.Geometry()
	shape := map[string]any{"context": g.Context, "arch": g.Arch}
	if _, err := w.ask(ctx, "base", shape); err != nil {
		return nil, err
	}
	w.engine, w.digest = e, digest
	return answer{"context": g.Context, "vocab": g.Vocab, "layers": g.Layers, "width": g.Width, "memory": src.Size()}, nil
}

// peer is llama.cpp beside this module. It is reached through the worker by the messages that pages
// use, the other way round: {ask: n, peer: what, …} out, {op: "answer", target: n, …} in.
type peer struct{ w *worker }

// peerError is what went wrong there, in the page's kinds.
type peerError struct{ kind, message string }

func (e *peerError) Error() string { return e.message }

func (w *worker) ask(ctx context.Context, what string, m map[string]any) (js.Value, error) {
	if err := ctx.Err(); err != nil {
		return js.Undefined(), err
	}
	w.asked++
	n := w.asked
	reply := make(chan js.Value, 1)
	w.asks[n] = reply
	m["ask"], m["peer"] = n, what
	w.host.Call("post", m)
	var r js.Value
	select {
	case r = <-reply:
	case <-ctx.Done():
		w.host.Call("post", map[string]any{"ask": n, "peer": "abort"})
		r = <-reply
	}
	if err := ctx.Err(); err != nil {
		return r, err
	}
	if fault := r.Get("error"); fault.Type() == js.TypeObject {
		return r, &peerError{text(fault, "kind"), text(fault, "message")}
	}
	return r, nil
}

func (p peer) Attach(ctx context.Context, file []byte) (int, error) {
	b := js.Global().Get("Uint8Array").New(len(file))
	js.CopyBytesToJS(b, file)
	r, err := p.w.ask(ctx, "attach", map[string]any{"file": b})
	if err != nil {
		return 0, err
	}
	return number(r, "adapter"), nil
}

func (p peer) Detach(adapter int) {
	p.w.host.Call("post", map[string]any{"ask": 0, "peer": "detach", "adapter": adapter})
}

func (p peer) Complete(ctx context.Context, adapter int, request wllama.Request) (wllama.Reply, error) {
	r, err := p.w.ask(ctx, "complete", map[string]any{"adapter": adapter, "request": request.Fields()})
	if err != nil {
		return wllama.Reply{}, err
	}
	a := wllama.Reply{Prompt: number(r, "prompt"), Chosen: int32(number(r, "chosen")), Tokens: tokens(r, "tokens")}
	numbers := r.Get("numbers")
	if numbers.Type() != js.TypeObject || numbers.Length() != len(a.Tokens) {
		return a, fmt.Errorf("wllama: %d tokens came without their numbers", len(a.Tokens))
	}
	for i := range a.Tokens {
		a.Numbers = append(a.Numbers, numbers.Index(i).Float())
	}
	return a, nil
}
