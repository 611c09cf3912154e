package simd

import (
	"context"
	"time"
)

// BytesPerToken is what decoding one token reads of the base's weights: every matrix once.
func (e *Engine) BytesPerToken() int64 {
	g := e.geometry
	n := int64(g.Vocab) * int64(g.Width)
	for _, m := range g.Modules() {
		n += int64(g.Layers) * int64(m.In) * int64(m.Out)
	}
	return n / block * q8Bytes
}

// ReadBandwidth is how many bytes a second one thread can read, measured by a SIMD sum, in four
// streams as decoding reads, over as many bytes of the kernel's memory as decoding reads.
func (e *Engine) ReadBandwidth(ctx context.Context) (float64, error) {
	if err := e.lock(); err != nil {
		return 0, err
	}
	defer e.mu.Unlock()
	n := uint32(min(e.BytesPerToken(), int64(e.arena.next)-4096) / 256 * 256)
	best := time.Duration(1 << 62)
	for range 5 {
		started := time.Now()
		if _, err := e.host.Call(ctx, "sum_read", 1024, n); err != nil {
			return 0, err
		}
		best = min(best, time.Since(started))
	}
	return float64(n) / best.Seconds(), nil
}
