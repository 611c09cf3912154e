package simd

import (
	"sync/atomic"
	"time"
)

// pace chooses how many tokens one kernel call gets, so that a call takes chunkTime at most on a
// machine as fast as the last calls showed. The size of chunks does not change a result by one bit.
type pace struct {
	perToken atomic.Int64 // nanoseconds; 0: nothing measured yet
}

// firstChunk is small: the first calls of a fresh module run code that is not optimised yet.
const firstChunk = 2 * tile

// tokens for the next call: whole tiles, which the kernel computes together.
func (p *pace) tokens() int {
	each := p.perToken.Load()
	if each == 0 {
		return firstChunk
	}
	return int(min(max(int64(chunkTime)/each/tile*tile, tile), chunk))
}

func (p *pace) took(n int, d time.Duration) {
	if n < tile { // a single token costs more than its share of a tile
		return
	}
	each := max(int64(d)/int64(n), 1)
	if old := p.perToken.Load(); old > 0 {
		each = max((old+each)/2, 1) // one slow call, a collection say, is not the machine
	}
	p.perToken.Store(each)
}
