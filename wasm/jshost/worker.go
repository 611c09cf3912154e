package jshost

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"sync"

	"github.com/tetratelabs/wazero"
)

// Options of Start.
type Options struct {
	Output io.Writer               // of fmt and panics; nil: dropped
	Cache  wazero.CompilationCache // shared by runs of the same module; nil: none
}

// Worker is paw.wasm with its kernel, as a page's worker has them. It is safe for concurrent use.
type Worker struct {
	host    *host
	module  *Module
	stop    context.CancelFunc
	ended   chan struct{}
	err     error // why it ended; read after ended is closed
	runtime wazero.Runtime

	mu      sync.Mutex
	last    int
	waiting map[int]request
}

type request struct {
	answer   chan map[string]any
	progress func(map[string]any)
}

// RequestError is what the module answered instead of a result.
type RequestError struct {
	Kind    string // aborted, context, program, base, memory, input, internal
	Message string
}

func (e *RequestError) Error() string { return e.Kind + ": " + e.Message }

// Start runs paw.wasm.
func Start(ctx context.Context, wasm []byte, o Options) (*Worker, error) {
	if o.Output == nil {
		o.Output = io.Discard
	}
	config := wazero.NewRuntimeConfig()
	if o.Cache != nil {
		config = config.WithCompilationCache(o.Cache)
	}
	ctx, stop := context.WithCancel(ctx)
	w := &Worker{stop: stop, ended: make(chan struct{}), waiting: map[int]request{}, runtime: wazero.NewRuntimeWithConfig(ctx, config)}
	w.module = newModule(ctx, o.Output)
	compiled, err := w.runtime.CompileModule(ctx, wasm)
	if err == nil {
		w.host, err = newHost(ctx, w.module, w.runtime, w.receive)
	}
	if err != nil {
		stop()
		return nil, errors.Join(fmt.Errorf("jshost: %w", err), w.runtime.Close(context.Background()))
	}
	w.module.global.properties["pawHost"] = w.host.object()
	go func() {
		defer close(w.ended)
		w.err = w.module.run(w.runtime, compiled, true)
	}()
	return w, nil
}

// AddSource makes a file known to the module and returns its number.
func (w *Worker) AddSource(r io.ReaderAt, size int64) int {
	number := make(chan int, 1)
	w.module.post(func() error {
		w.host.sources = append(w.host.sources, source{r, size})
		number <- len(w.host.sources) - 1
		return nil
	})
	select {
	case n := <-number:
		return n
	case <-w.ended:
		return -1
	}
}

// receive gets what the module posts, on the event loop.
func (w *Worker) receive(message map[string]any) {
	id, _ := message["id"].(float64)
	w.mu.Lock()
	r, ok := w.waiting[int(id)]
	progress, isProgress := message["progress"].(map[string]any)
	if piece, ok := message["piece"]; ok { // of a text that is still being written
		progress, isProgress = map[string]any{"piece": piece}, true
	}
	if ok && !isProgress {
		delete(w.waiting, int(id))
	}
	w.mu.Unlock()
	switch {
	case !ok:
	case isProgress && r.progress != nil:
		r.progress(progress)
	case !isProgress:
		r.answer <- message
	}
}

// Request sends a message and waits for its answer. When ctx ends, it aborts the request and waits
// for the module's word on it.
func (w *Worker) Request(ctx context.Context, message map[string]any, progress func(map[string]any)) (map[string]any, error) {
	r := request{make(chan map[string]any, 1), progress}
	w.mu.Lock()
	w.last++
	id := w.last
	w.waiting[id] = r
	w.mu.Unlock()
	message = maps.Clone(message)
	message["id"] = id
	w.send(message)
	aborted := ctx.Done()
	for {
		select {
		case a := <-r.answer:
			if a["ok"] == true {
				return a, nil
			}
			e, _ := a["error"].(map[string]any)
			kind, _ := e["kind"].(string)
			text, _ := e["message"].(string)
			return nil, &RequestError{kind, text}
		case <-aborted:
			aborted = nil
			w.send(map[string]any{"op": "abort", "target": id})
		case <-w.ended:
			return nil, errors.Join(errors.New("jshost: the module is gone"), w.err)
		}
	}
}

func (w *Worker) send(message map[string]any) {
	w.module.post(func() error { return w.host.deliver(w.module.toJS(message)) })
}

// Close ends the module.
func (w *Worker) Close() error {
	w.stop()
	<-w.ended
	return w.runtime.Close(context.Background())
}
