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

// Bandwidth is how many bytes a second one thread can read.
type Bandwidth struct {
	Plain   float64 // from front to back
	Streams float64 // in four streams at once, as decoding reads
}

// ReadBandwidth measures by SIMD sums over as many bytes of the kernel's memory as decoding reads, the best of five each.
func (e *Engine) ReadBandwidth(ctx context.Context) (Bandwidth, error) {
	if err := e.lock(); err != nil {
		return Bandwidth{}, err
	}
	defer e.mu.Unlock()
	n := uint32(min(e.BytesPerToken(), int64(e.arena.next)-4096) / 256 * 256)
	var best [2]float64
	for range 5 {
		for streams := range best {
			started := time.Now()
			if _, err := e.host.Call(ctx, "sum_read", 1024, n, uint32(streams)); err != nil {
				return Bandwidth{}, err
			}
			best[streams] = max(best[streams], float64(n)/time.Since(started).Seconds())
		}
	}
	return Bandwidth{Plain: best[0], Streams: best[1]}, nil
}
