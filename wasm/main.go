//go:build js

// Command wasm is the module that runs programs in a browser's worker: it turns messages of the page
// into calls of package function and answers them. It sees the browser through one host object
// (globalThis.pawHost, eight functions; docs/design.md, "The host object"). It fetches and keeps
// nothing, and holds no rule of its own about how programs answer.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"syscall/js"

	"paw/arch"
	"paw/engine"
	"paw/engine/wllama"
	"paw/function"
	"paw/gguf"
	"paw/pawfile"
)

func main() {
	// The heap holds headers, a vocabulary and one program at a time: small, so collect often.
	debug.SetGCPercent(40)
	host := js.Global().Get("pawHost")
	if host.Type() != js.TypeObject {
		fmt.Fprintln(os.Stderr, "paw: globalThis.pawHost is missing: this module is started by worker.js")
		os.Exit(1)
	}
	w := &worker{host: host, cancels: map[int]context.CancelFunc{}, functions: map[int]*loaded{}, asks: map[int]chan js.Value{}, stopWarming: func() {}}
	// The handler only starts goroutines: one that waits would stop the event loop it waits for.
	host.Call("listen", js.FuncOf(func(_ js.Value, args []js.Value) any {
		w.receive(args[0])
		return nil
	}))
	select {}
}

// worker answers the messages of one page. GOOS=js runs one goroutine at a time and switches only
// where one waits, so its maps need no lock.
type worker struct {
	host    js.Value
	cancels map[int]context.CancelFunc // of requests in flight, by message id

	engine      engine.Engine // nil until a base is loaded
	loading     bool
	digest      string          // of the base
	stopWarming func()          // ends the kernel's warm-up, which goes on while nothing is asked
	warmed      <-chan struct{} // closed when it has ended; nil: there was none
	functions   map[int]*loaded
	last        int // number of the last function

	asks  map[int]chan js.Value // questions to the worker in flight (peer.go)
	asked int
}

// answer is the body of a good reply.
type answer map[string]any

var operations = map[string]func(*worker, context.Context, int, js.Value) (answer, error){
	"load":      (*worker).load,
	"inspect":   (*worker).inspect,
	"open":      (*worker).open,
	"call":      (*worker).call,
	"close":     (*worker).close,
	"forced":    (*worker).forced,
	"measure":   (*worker).measure,
	"memory":    (*worker).memory,
	"bandwidth": (*worker).bandwidth,
}

// receive starts the work of one message and returns at once.
func (w *worker) receive(m js.Value) {
	if m.Type() != js.TypeObject {
		return
	}
	switch text(m, "op") {
	case "abort":
		if cancel := w.cancels[number(m, "target")]; cancel != nil {
			cancel()
		}
		return
	case "answer":
		if ask := w.asks[number(m, "target")]; ask != nil {
			delete(w.asks, number(m, "target"))
			ask <- m
		}
		return
	}
	id := number(m, "id")
	ctx, cancel := context.WithCancel(context.Background())
	w.cancels[id] = cancel
	go func() {
		defer delete(w.cancels, id)
		defer cancel()
		reply, err := w.do(ctx, id, m)
		if err != nil {
			w.host.Call("post", map[string]any{"id": id, "ok": false, "error": map[string]any{"kind": kind(err), "message": err.Error()}})
			return
		}
		if reply == nil {
			reply = answer{}
		}
		reply["id"], reply["ok"] = id, true
		w.host.Call("post", map[string]any(reply))
	}()
}

// do runs an operation. A bug that a hostile message finds ends that request, not the worker.
func (w *worker) do(ctx context.Context, id int, m js.Value) (reply answer, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("internal fault: %v", r)
		}
	}()
	op := operations[text(m, "op")]
	if op == nil {
		return nil, fmt.Errorf("%w: there is no operation %q", errInput, text(m, "op"))
	}
	return op(w, ctx, id, m)
}

// progress tells the page how far a request is.
func (w *worker) progress(id int, done, total int64) {
	w.host.Call("post", map[string]any{"id": id, "progress": map[string]any{"done": done, "total": total}})
}

var (
	errInput = errors.New("paw: unusable message")
	errBase  = errors.New("paw: no interpreter is loaded yet: send load first")
)

// kind sorts errors for the page, which words them for people.
func kind(err error) string {
	var (
		tooLong *engine.ContextError
		file    *pawfile.Error
		shape   *arch.Error
		format  *gguf.Error
		peer    *peerError
	)
	switch {
	case errors.Is(err, context.Canceled):
		return "aborted"
	case errors.As(err, &peer):
		return peer.kind
	case errors.Is(err, wllama.ErrText):
		return "engine"
	case errors.As(err, &tooLong):
		return "context"
	case errors.Is(err, function.ErrBase), errors.Is(err, errBase):
		return "base"
	case errors.Is(err, engine.ErrMemory):
		return "memory"
	case errors.As(err, &file), errors.As(err, &shape), errors.As(err, &format),
		errors.Is(err, function.ErrLabels), errors.Is(err, function.ErrFormat), errors.Is(err, engine.ErrUnfinished):
		return "program"
	case errors.Is(err, errInput), errors.Is(err, engine.ErrToken):
		return "input"
	}
	return "internal"
}
