//go:build !js

package simd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"paw/engine"
	"paw/wasm/kernel"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
)

// chunkTime is how long one kernel call of a prompt may take, which is how long a cancelled call
// goes on. Long calls read the weights less often.
const chunkTime = 250 * time.Millisecond

// compilations are shared by all hosts of a process: the kernel is compiled once.
var compilations = sync.OnceValue(wazero.NewCompilationCache)

// wazeroHost runs the kernel under wazero.
type wazeroHost struct {
	runtime   wazero.Runtime
	module    api.Module
	memory    api.Memory
	functions map[string]api.Function
}

// NewWazeroHost instantiates the committed kernel.
func NewWazeroHost(ctx context.Context) (Host, error) { return newWazeroHost(ctx, kernel.Wasm) }

func newWazeroHost(ctx context.Context, wasm []byte) (*wazeroHost, error) {
	r := wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfig().WithCompilationCache(compilations()))
	m, err := r.InstantiateWithConfig(ctx, wasm, wazero.NewModuleConfig().WithName("").WithStartFunctions())
	if err != nil {
		return nil, errors.Join(fmt.Errorf("simd: kernel.wasm does not start: %w", err), r.Close(ctx))
	}
	return &wazeroHost{runtime: r, module: m, memory: m.Memory(), functions: map[string]api.Function{}}, nil
}

func (h *wazeroHost) Call(ctx context.Context, function string, args ...uint32) (uint32, error) {
	f := h.functions[function]
	if f == nil {
		// Made in order of use, which is the same in every run: wazero gives each function a stack
		// of its own, and where it comes to lie decides whether spilled vectors are cheap. Made in
		// the random order of a map, half of all processes computed prompts at half the speed.
		f = h.module.ExportedFunction(function)
		h.functions[function] = f
	}
	if f == nil {
		return 0, fmt.Errorf("simd: kernel.wasm has no function %q: rebuild it with scripts/build-wasm.sh", function)
	}
	var stack [8]uint64
	for i, a := range args {
		stack[i] = uint64(a)
	}
	// Cancelling inside a call would kill the module: a call is a few milliseconds, Engine checks ctx between calls.
	if err := f.CallWithStack(context.WithoutCancel(ctx), stack[:]); err != nil {
		return 0, fmt.Errorf("simd: kernel %s: %w", function, err)
	}
	return uint32(stack[0]), nil
}

func (h *wazeroHost) Grow(size uint32) error {
	have := uint64(h.memory.Size())
	if uint64(size) <= have {
		return nil
	}
	if _, ok := h.memory.Grow(uint32((uint64(size) - have + 65535) / 65536)); !ok {
		return errors.New("the memory cannot grow")
	}
	return nil
}

func (h *wazeroHost) view(at uint32, n int64) ([]byte, error) {
	if n < 0 || n > maxMemory {
		return nil, fmt.Errorf("simd: %d bytes at %#x lie outside the kernel's memory", n, at)
	}
	b, ok := h.memory.Read(at, uint32(n))
	if !ok {
		return nil, fmt.Errorf("simd: %d bytes at %#x lie outside the kernel's memory", n, at)
	}
	return b, nil
}

func (h *wazeroHost) Write(at uint32, p []byte) error {
	b, err := h.view(at, int64(len(p)))
	copy(b, p)
	return err
}

func (h *wazeroHost) Read(at uint32, p []byte) error {
	b, err := h.view(at, int64(len(p)))
	copy(p, b)
	return err
}

func (h *wazeroHost) Fill(ctx context.Context, at uint32, src engine.Source, offset, n int64) error {
	b, err := h.view(at, n)
	if err != nil {
		return err
	}
	for len(b) > 0 { // in pieces, so that a slow source can be given up
		if err := ctx.Err(); err != nil {
			return err
		}
		piece := b[:min(len(b), 4<<20)]
		if got, err := src.ReadAt(piece, offset); got < len(piece) {
			if err == nil || errors.Is(err, io.EOF) {
				err = io.ErrUnexpectedEOF
			}
			return fmt.Errorf("simd: reading %d bytes at offset %d: %w", len(piece), offset, err)
		}
		b, offset = b[len(piece):], offset+int64(len(piece))
	}
	return nil
}

func (h *wazeroHost) Yield(ctx context.Context) error { return ctx.Err() }

func (h *wazeroHost) Close() error { return h.runtime.Close(context.Background()) }
