package simd

import (
	"context"
	"fmt"

	"paw/engine"
)

// A prefix as bytes: its keys, then its values, as they lie in kernel memory. They mean something only to the
// same base, adapter and tokens under the same kernel, which whoever keeps them has to see to.

// PrefixArea tells where the keys and the values of a prefix lie in kernel memory: n bytes each.
// They stay there until the prefix is closed.
func (e *Engine) PrefixArea(p engine.Prefix) (keys, values uint32, n int) {
	own, ok := p.(*prefix)
	if !ok || own.engine != e || own.closed {
		return 0, 0, 0
	}
	return own.kv.key, own.kv.value, int(e.segmentBytes(int(own.kv.capacity)))
}

// RestorePrefix is NewPrefix of tokens that were computed before: src holds what PrefixArea showed then.
func (e *Engine) RestorePrefix(ctx context.Context, a engine.Adapter, tokens []int32, src engine.Source) (engine.Prefix, error) {
	n := e.segmentBytes(len(tokens))
	if src.Size() != 2*n {
		return nil, fmt.Errorf("simd: a kept prefix of %d bytes, %d tokens have %d", src.Size(), len(tokens), 2*n)
	}
	return e.prefix(ctx, a, tokens, func(s *session) error {
		for i, at := range []uint32{s.tail.key, s.tail.value} {
			if err := e.host.Fill(ctx, at, src, int64(i)*n, n); err != nil {
				return err
			}
			ok, err := e.host.Call(ctx, "finite", at, uint32(n/4))
			if err != nil {
				return err
			}
			if ok == 0 {
				return fmt.Errorf("%w: a kept prefix holds NaN or infinity", engine.ErrUnfinished)
			}
		}
		s.tail.length = s.tail.capacity
		return nil
	})
}

// Warm runs the kernel on nothing in particular, as often as a browser needs to see that a function deserves to
// be optimised. It ends early with ctx, and lets others in between its calls.
func (e *Engine) Warm(ctx context.Context) error {
	const passes = 3
	p, err := e.NewPrefix(ctx, nil, nil)
	if err != nil {
		return err
	}
	defer p.Close()
	s, err := e.NewSession(ctx, p, 4*tile)
	if err != nil {
		return err
	}
	defer s.Close()
	for range passes {
		for n := 2*tile - 1; n > 0; n /= 2 { // 7, 3 and 1: every width of tile
			if err := s.Truncate(0); err != nil {
				return err
			}
			if err := s.Prefill(ctx, make([]int32, n)); err != nil {
				return err
			}
			if err := e.host.Yield(ctx); err != nil {
				return err
			}
		}
		if _, err := s.Score(ctx, []int32{0, 1}, 1); err != nil {
			return err
		}
		if _, err := s.Top(ctx, 1); err != nil {
			return err
		}
	}
	return nil
}
