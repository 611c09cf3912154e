package simd

import (
	"context"
	"errors"
	"math/rand/v2"
	"testing"

	"paw/engine"
)

// memoryHost is a host with memory and no kernel, for the allocator alone.
type memoryHost struct{ size, limit uint32 }

func (h *memoryHost) Call(context.Context, string, ...uint32) (uint32, error) { return 0, nil }
func (h *memoryHost) Grow(n uint32) error {
	if n > h.limit {
		return errors.New("the host has no more")
	}
	h.size = max(h.size, n)
	return nil
}
func (h *memoryHost) Write(uint32, []byte) error                                      { return nil }
func (h *memoryHost) Read(uint32, []byte) error                                       { return nil }
func (h *memoryHost) Fill(context.Context, uint32, engine.Source, int64, int64) error { return nil }
func (h *memoryHost) Yield(context.Context) error                                     { return nil }
func (h *memoryHost) Close() error                                                    { return nil }

func TestArenaNeverOverlapsAndReturnsToEmpty(t *testing.T) {
	h := &memoryHost{limit: 1 << 30}
	a := newArena(h, 1000)
	start := a.next
	r := rand.New(rand.NewPCG(1, 2))
	live := map[uint32]uint64{}
	for range 4000 {
		if len(live) > 0 && r.IntN(2) == 0 {
			for at := range live { // any one
				a.release(at)
				delete(live, at)
				break
			}
			continue
		}
		n := int64(r.IntN(5000))
		at, err := a.alloc(n)
		if err != nil {
			t.Fatal(err)
		}
		if at%alignment != 0 || uint64(at)+uint64(n) > uint64(h.size) {
			t.Fatalf("alloc(%d) = %#x: not aligned or outside the memory", n, at)
		}
		for other, size := range live {
			if uint64(at) < uint64(other)+size && uint64(other) < uint64(at)+uint64(n) {
				t.Fatalf("alloc(%d) = %#x overlaps %#x+%d", n, at, other, size)
			}
		}
		live[at] = uint64(n)
	}
	for at := range live {
		a.release(at)
	}
	if a.next != start || len(a.free) != 0 || a.inUse() != 0 {
		t.Errorf("after releasing everything: next %#x (started at %#x), free %v, in use %d", a.next, start, a.free, a.inUse())
	}
}

func TestArenaRefusesWhatDoesNotFit(t *testing.T) {
	a := newArena(&memoryHost{limit: 1 << 20}, 64)
	for _, n := range []int64{-1, 2 << 20, maxMemory, 1 << 40} {
		if _, err := a.alloc(n); !errors.Is(err, engine.ErrMemory) {
			t.Errorf("alloc(%d): %v, want ErrMemory", n, err)
		}
	}
	if _, err := a.alloc(1 << 19); err != nil {
		t.Errorf("a refused allocation must not hurt the next one: %v", err)
	}
}

func TestArenaReleaseOfUnknownAddressPanics(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("releasing an address twice went unnoticed")
		}
	}()
	a := newArena(&memoryHost{limit: 1 << 20}, 64)
	at, err := a.alloc(10)
	if err != nil {
		t.Fatal(err)
	}
	a.release(at)
	a.release(at)
}
