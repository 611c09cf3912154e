package simd

import (
	"context"
	"errors"
	"fmt"

	"paw/arch"
	"paw/engine"
	"paw/gguf"
)

// adapter is a low-rank adapter in kernel memory.
type adapter struct {
	engine     *Engine
	descriptor uint32
	rank       int
	owned      []uint32 // every range it holds
	users      int      // prefixes on it, plus one until Close
	closed     bool
}

// Attach validates an adapter GGUF against this base and expands its Q4_0 into packed Q8_0.
func (e *Engine) Attach(ctx context.Context, src engine.Source) (engine.Adapter, error) {
	f, err := gguf.Parse(src, src.Size())
	if err != nil {
		return nil, fmt.Errorf("simd: adapter: %w", err)
	}
	a, err := arch.AdapterFromGGUF(f, e.geometry)
	if err != nil {
		return nil, fmt.Errorf("simd: adapter: %w", err)
	}
	if err := e.lock(); err != nil {
		return nil, err
	}
	defer e.mu.Unlock()
	out := &adapter{engine: e, rank: a.Rank, users: 1}
	if err := e.attach(ctx, out, a, src); err != nil {
		return nil, errors.Join(fmt.Errorf("simd: adapter: %w", err), out.free())
	}
	return out, nil
}

func (e *Engine) attach(ctx context.Context, out *adapter, a arch.Adapter, src engine.Source) error {
	g := e.geometry
	if err := e.growLow(a.Rank); err != nil {
		return err
	}
	widest := max(g.Width, g.FFN, a.Rank)
	spare, err := e.arena.alloc(int64(group * widest / block * q8Bytes))
	if err != nil {
		return err
	}
	defer e.arena.release(spare)

	var w words
	w.f32(a.Alpha / float32(a.Rank))
	w.u32(uint32(a.Rank))
	for layer := range g.Layers {
		for _, m := range g.Modules() {
			pair, ok := a.Pairs[g.TensorName(layer, m.Module)]
			if !ok {
				w.matrix(matrix{})
				w.matrix(matrix{})
				continue
			}
			for _, t := range []gguf.Tensor{pair.A, pair.B} {
				x, err := e.expand(ctx, out, t, src, spare)
				if err != nil {
					return fmt.Errorf("tensor %s: %w", t.Name, err)
				}
				w.matrix(x)
			}
		}
	}
	at, err := e.arena.alloc(int64(len(w.b)))
	if err != nil {
		return err
	}
	out.owned = append(out.owned, at)
	out.descriptor = at
	return e.host.Write(at, w.b)
}

// expand loads one matrix of an adapter.
func (e *Engine) expand(ctx context.Context, out *adapter, t gguf.Tensor, src engine.Source, spare uint32) (matrix, error) {
	in, rows := uint32(t.Dims[0]), uint32(t.Dims[1])
	at, err := e.arena.alloc(int64(rows) * int64(in/block*q8Bytes))
	if err != nil {
		return matrix{}, err
	}
	out.owned = append(out.owned, at)
	var ok uint32
	if t.Type == gguf.Q4_0 {
		raw, err := e.arena.alloc(t.Bytes)
		if err != nil {
			return matrix{}, err
		}
		defer e.arena.release(raw)
		if err := e.host.Fill(ctx, raw, src, t.Offset, t.Bytes); err != nil {
			return matrix{}, err
		}
		if ok, err = e.host.Call(ctx, "expand_q4", raw, at, in, rows, spare); err != nil {
			return matrix{}, err
		}
	} else {
		raw, err := readTensor(src, t)
		if err != nil {
			return matrix{}, err
		}
		if t.Type != gguf.Q8_0 {
			if raw, err = gguf.RequantizeQ8(t.Type, raw); err != nil {
				return matrix{}, err
			}
		}
		if err := e.host.Write(at, raw); err != nil {
			return matrix{}, err
		}
		if ok, err = e.host.Call(ctx, "pack", at, in, rows, spare); err != nil {
			return matrix{}, err
		}
	}
	if ok == 0 {
		return matrix{}, fmt.Errorf("%w: a scale is NaN or infinite", engine.ErrUnfinished)
	}
	return matrix{packed: at, in: in, rows: rows}, nil
}

func (a *adapter) Rank() int { return a.rank }

// Close lets go of the adapter; prefixes on it keep it alive.
func (a *adapter) Close() error {
	a.engine.mu.Lock()
	defer a.engine.mu.Unlock()
	if a.closed {
		return nil
	}
	a.closed = true
	a.drop()
	return nil
}

// drop releases one use; the engine is locked.
func (a *adapter) drop() {
	if a.users--; a.users == 0 {
		a.free()
	}
}

func (a *adapter) free() error {
	for _, at := range a.owned {
		a.engine.arena.release(at)
	}
	a.owned = nil
	return nil
}
