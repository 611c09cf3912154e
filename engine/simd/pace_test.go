package simd

import (
	"testing"
	"time"
)

// run gives a prompt to a machine on which a call costs reading all weights, and each token its share.
func (p *pace) run(n int, weights, each time.Duration) (calls []int) {
	for n > 0 {
		k := p.next(n)
		p.took(k, weights+time.Duration(k)*each)
		calls = append(calls, k)
		n -= k
	}
	return calls
}

// Times in shares of chunkTime, which hosts set differently.
func TestPace(t *testing.T) {
	const weights, each = chunkTime / 8, chunkTime / 28 // 20 tokens: 0.84 of chunkTime
	var p pace
	if calls := p.run(100, weights, each); calls[0] != firstChunk {
		t.Errorf("the first call of a fresh kernel got %d tokens", calls[0])
	}
	for range 5 {
		if calls := p.run(20, weights, each); len(calls) != 1 {
			t.Fatalf("20 tokens were cut: %v", calls)
		}
	}
	p.run(20, weights, 3*each) // a moment in which the machine was busy
	for range 5 {
		p.run(20, weights, each)
	}
	if calls := p.run(20, weights, each); len(calls) != 1 {
		t.Errorf("a busy moment is not forgotten: %v", calls)
	}
	for _, n := range p.run(300, weights, each) {
		if d := weights + time.Duration(n)*each; d > chunkTime*3/2 {
			t.Errorf("a call of %d tokens takes %.2f of chunkTime", n, float64(d)/float64(chunkTime))
		}
	}
	slow := pace{}
	slow.run(200, chunkTime/2, chunkTime) // even one tile is too much: it is all the same the least there is
	for _, n := range slow.run(50, chunkTime/2, chunkTime) {
		if n > tile+tile/2 {
			t.Errorf("a slow machine got %d tokens at once", n)
		}
	}
}
