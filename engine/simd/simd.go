// Package simd drives kernel.wasm, the GPT-2 forward pass in C, in whatever host runs it (host.go).
// It parses headers, checks every extent, token and length, owns the kernel's memory and cuts
// prompts into chunks. It promises the same bytes in every host. It does no arithmetic on weights
// or activations and knows nothing of programs.
package simd

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"

	"paw/arch"
	"paw/engine"
	"paw/gguf"
	"paw/tokenizer"
)

// Engine is a base in kernel memory. It implements engine.Engine.
type Engine struct {
	geometry  arch.Geometry
	tokenizer *tokenizer.Tokenizer

	mu     sync.Mutex // one kernel call at a time; guards all below
	host   Host
	arena  *arena
	model  uint32
	shared scratch
	io     uint32 // tokens or row ids in, results out
	ioSize int
	closed bool

	pace    pace
	yielded atomic.Int64 // when the event loop last had its turn during work, in nanoseconds
}

// Load reads a base GGUF into the kernel of host, which it owns from now on and closes on error.
// Weights stream from src into kernel memory; progress, when not nil, gets the bytes done and in all.
func Load(ctx context.Context, host Host, src engine.Source, progress func(done, total int64)) (_ *Engine, err error) {
	defer func() {
		if err != nil {
			host.Close()
		}
	}()
	f, err := gguf.Parse(src, src.Size())
	if err != nil {
		return nil, fmt.Errorf("simd: base: %w", err)
	}
	g, err := arch.FromGGUF(f)
	if err != nil {
		return nil, fmt.Errorf("simd: base: %w", err)
	}
	if g.Arch != "gpt2" {
		return nil, fmt.Errorf("simd: base: architecture %q does not run on this engine: use a gpt2 interpreter, or in a page the engine wllama", g.Arch)
	}
	t, err := tokenizer.FromGGUF(f)
	if err != nil {
		return nil, fmt.Errorf("simd: base: %w", err)
	}
	if t.Size() > g.Vocab {
		return nil, fmt.Errorf("simd: base: the tokenizer has %d tokens and the embedding %d rows", t.Size(), g.Vocab)
	}
	e := &Engine{geometry: g, tokenizer: t, host: host}
	if err := e.checkABI(ctx); err != nil {
		return nil, err
	}
	if err := e.load(ctx, f, src, progress); err != nil {
		return nil, fmt.Errorf("simd: base: %w", err)
	}
	return e, nil
}

func (e *Engine) checkABI(ctx context.Context) error {
	version, err := e.host.Call(ctx, "abi_word", 0)
	if err != nil {
		return err
	}
	if version != abiVersion {
		return fmt.Errorf("simd: kernel.wasm speaks ABI %d, this build wants %d: rebuild it with scripts/build-wasm.sh", version, abiVersion)
	}
	heap, err := e.host.Call(ctx, "abi_word", heapBaseIdx)
	if err != nil {
		return err
	}
	e.arena = newArena(e.host, heap)
	return nil
}

// Geometry of the base.
func (e *Engine) Geometry() arch.Geometry { return e.geometry }

// Tokenizer of the base.
func (e *Engine) Tokenizer() *tokenizer.Tokenizer { return e.tokenizer }

// MemoryInUse is the number of bytes of kernel memory handed out.
func (e *Engine) MemoryInUse() int64 {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.arena.inUse()
}

// Close ends the host. Sessions, prefixes and adapters of this engine are unusable afterwards.
func (e *Engine) Close() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return nil
	}
	e.closed = true
	return e.host.Close()
}

// lock takes the engine for one kernel call.
func (e *Engine) lock() error {
	e.mu.Lock()
	if e.closed {
		e.mu.Unlock()
		return engine.ErrClosed
	}
	return nil
}

// put allocates and writes a descriptor.
func (e *Engine) put(b []byte) (uint32, error) {
	at, err := e.arena.alloc(int64(len(b)))
	if err != nil {
		return 0, err
	}
	return at, e.host.Write(at, b)
}
