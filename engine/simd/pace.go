package simd

import (
	"sync/atomic"
	"time"
)

// pace chooses how many tokens one kernel call gets, so that a call takes about chunkTime on a
// machine as fast as the last calls showed, and half as much again at most. The size of chunks does not change a result by one bit.
type pace struct {
	perToken atomic.Int64 // nanoseconds; 0: nothing measured yet
}

// firstChunk is small: the first calls of a fresh module run code that is not optimised yet.
const firstChunk = 2 * tile

// next is how many of the tokens that are left the next call gets. A rest of half a call goes along with it, for
// every call reads all weights.
func (p *pace) next(left int) int {
	plan := p.plan()
	if left <= min(plan+plan/2, chunk) {
		return left
	}
	return plan
}

// plan is the tokens of a call that takes chunkTime: whole tiles, which the kernel computes together.
func (p *pace) plan() int {
	each := p.perToken.Load()
	if each == 0 {
		return firstChunk
	}
	return int(min(max(int64(chunkTime)/each/tile*tile, tile), chunk))
}

// took learns from a call of n tokens. Only a full one counts: reading the weights costs the rest of a prompt as
// much as a whole chunk, and an estimate that grows by that would cut the next prompt into more such rests.
func (p *pace) took(n int, d time.Duration) {
	if n < p.plan() {
		return
	}
	each := max(int64(d)/int64(n), 1)
	if old := p.perToken.Load(); old > 0 {
		each = max((old+each)/2, 1) // one slow call, a collection say, is not the machine
	}
	p.perToken.Store(each)
}
