//go:build js

package simd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"syscall/js"
	"time"

	"paw/engine"
)

// chunkTime is how long one kernel call of a prompt may take: the worker's event loop, and with it
// an abort, waits that long. Not much shorter, for every further call reads all weights again.
const chunkTime = 64 * time.Millisecond

// browserHost runs the kernel through the worker's host object (web/src/host.ts; docs/design.md,
// "The host object"). It must be used from goroutines, never from inside a js.FuncOf handler:
// waiting for a promise there would stop the event loop for good.
type browserHost struct {
	object js.Value
	call   js.Value // object.kernelCall, looked up once
	done   js.Func  // what yield calls back
	woken  chan struct{}
}

// NewBrowserHost drives the kernel of a host object. One object serves one engine: its memory
// cannot shrink, so another base wants another worker.
func NewBrowserHost(object js.Value) (Host, error) {
	for _, name := range []string{"kernelCall", "kernelGrow", "kernelBytes", "readBase", "fillKernel", "yield"} {
		if object.Type() != js.TypeObject || object.Get(name).Type() != js.TypeFunction {
			return nil, fmt.Errorf("simd: the host object lacks the function %s: worker and module are of different builds", name)
		}
	}
	h := &browserHost{object: object, woken: make(chan struct{}, 1)}
	h.call = object.Get("kernelCall").Call("bind", object)
	h.done = js.FuncOf(func(js.Value, []js.Value) any {
		select {
		case h.woken <- struct{}{}:
		default: // nobody waits any more
		}
		return nil
	})
	return h, nil
}

// caught turns a JavaScript exception into an error.
func caught(what string, err *error) {
	switch e := recover().(type) {
	case nil:
	case js.Error:
		*err = fmt.Errorf("simd: %s: %w", what, e)
	case *js.ValueError:
		*err = fmt.Errorf("simd: %s: %w", what, e)
	default:
		panic(e)
	}
}

func (h *browserHost) Call(_ context.Context, function string, args ...uint32) (result uint32, err error) {
	defer caught("kernel "+function, &err)
	values := make([]any, 1, 9)
	values[0] = function
	for _, a := range args {
		values = append(values, a)
	}
	return uint32(h.call.Invoke(values...).Float()), nil
}

func (h *browserHost) Grow(size uint32) (err error) {
	defer caught("growing the memory", &err)
	if !h.object.Call("kernelGrow", size).Bool() {
		return errors.New("the browser gives no more memory: close other tabs or choose a smaller interpreter")
	}
	return nil
}

func (h *browserHost) Write(at uint32, p []byte) (err error) {
	defer caught(fmt.Sprintf("writing %d bytes at %#x", len(p), at), &err)
	js.CopyBytesToJS(h.object.Call("kernelBytes", at, len(p)), p)
	return nil
}

func (h *browserHost) Read(at uint32, p []byte) (err error) {
	defer caught(fmt.Sprintf("reading %d bytes at %#x", len(p), at), &err)
	js.CopyBytesToGo(p, h.object.Call("kernelBytes", at, len(p)))
	return nil
}

func (h *browserHost) Fill(ctx context.Context, at uint32, src engine.Source, offset, n int64) (err error) {
	defer caught("loading weights", &err)
	if s, ok := src.(*browserSource); ok {
		_, err := await(ctx, s.object.Call("fillKernel", s.id, offset, at, n))
		return err
	}
	buffer := make([]byte, min(n, 1<<20))
	for n > 0 {
		if err := ctx.Err(); err != nil {
			return err
		}
		piece := buffer[:min(n, int64(len(buffer)))]
		if got, err := src.ReadAt(piece, offset); got < len(piece) {
			if err == nil || errors.Is(err, io.EOF) {
				err = io.ErrUnexpectedEOF
			}
			return fmt.Errorf("simd: reading %d bytes at offset %d: %w", len(piece), offset, err)
		}
		if err := h.Write(at, piece); err != nil {
			return err
		}
		at, offset, n = at+uint32(len(piece)), offset+int64(len(piece)), n-int64(len(piece))
	}
	return nil
}

func (h *browserHost) Yield(ctx context.Context) (err error) {
	defer caught("yield", &err)
	h.object.Call("yield", h.done)
	<-h.woken
	return ctx.Err()
}

func (h *browserHost) Close() error { h.done.Release(); return nil }

// browserSource is a file that the page's worker holds.
type browserSource struct {
	object js.Value
	id     int
	size   int64
}

// BrowserSource is the file that a host object knows by a number. Its weights go straight into
// kernel memory; only headers pass through Go.
func BrowserSource(object js.Value, id int, size int64) engine.Source {
	return &browserSource{object, id, size}
}

func (s *browserSource) Size() int64 { return s.size }

func (s *browserSource) ReadAt(p []byte, offset int64) (n int, err error) {
	if offset < 0 || offset >= s.size {
		return 0, io.EOF
	}
	want := min(int64(len(p)), s.size-offset)
	defer caught("reading the interpreter's file", &err)
	b, err := await(context.Background(), s.object.Call("readBase", s.id, offset, want))
	if err != nil {
		return 0, err
	}
	if n = js.CopyBytesToGo(p[:want], b); n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// await waits for a promise. The host settles every promise it gives, so a cancelled context does
// not leave: kernel memory that is being filled must not be given to others.
func await(ctx context.Context, promise js.Value) (js.Value, error) {
	type result struct {
		value js.Value
		err   error
	}
	settled := make(chan result, 1)
	ok := js.FuncOf(func(_ js.Value, args []js.Value) any { settled <- result{value: args[0]}; return nil })
	bad := js.FuncOf(func(_ js.Value, args []js.Value) any { settled <- result{err: js.Error{Value: args[0]}}; return nil })
	defer ok.Release()
	defer bad.Release()
	promise.Call("then", ok, bad)
	r := <-settled
	if r.err != nil {
		return r.value, fmt.Errorf("simd: %w", r.err)
	}
	return r.value, ctx.Err()
}
