package simd

import "context"

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
		if _, err := s.Score(ctx, []int32{0, 1}); err != nil {
			return err
		}
		if _, err := s.Top(ctx, 1); err != nil {
			return err
		}
	}
	return nil
}
