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
			if err := s.fill(ctx, at, src, int64(i)*n, n); err != nil {
				return err
			}
		}
		s.tail.length = s.tail.capacity
		return nil
	})
}

// fill copies bytes of keys or values into kernel memory and looks at them.
func (s *session) fill(ctx context.Context, at uint32, src engine.Source, offset, n int64) error {
	if err := s.lock(); err != nil {
		return err
	}
	defer s.engine.mu.Unlock()
	if err := s.engine.host.Fill(ctx, at, src, offset, n); err != nil {
		return err
	}
	ok, err := s.engine.host.Call(ctx, "finite", at, uint32(n/4))
	if err != nil {
		return err
	}
	if ok == 0 {
		return fmt.Errorf("%w: a kept prefix holds NaN or infinity", engine.ErrUnfinished)
	}
	return nil
}
