package simd

import (
	"fmt"
	"sort"

	"paw/engine"
)

const (
	alignment = 64
	maxMemory = 1<<32 - 1<<16 // wasm32, less the last page
)

// arena hands out ranges of the kernel's linear memory: first fit over a free list, then the end.
// It owns every address above the kernel's own data, so the kernel needs no allocator.
type arena struct {
	host Host
	next uint64 // first address never handed out
	free []span // sorted by address, never adjacent to each other or to next
	used map[uint32]uint64
}

type span struct{ at, size uint64 }

func newArena(h Host, heapBase uint32) *arena {
	return &arena{host: h, next: roundUp(uint64(heapBase), alignment), used: map[uint32]uint64{}}
}

func roundUp(n, to uint64) uint64 { return (n + to - 1) / to * to }

// alloc returns an address aligned to 64 bytes. The bytes are not cleared.
func (a *arena) alloc(size int64) (uint32, error) {
	if size < 0 || size > maxMemory {
		return 0, fmt.Errorf("%w: %d bytes asked for at once, wasm32 has 4 GiB", engine.ErrMemory, size)
	}
	n := roundUp(max(uint64(size), 1), alignment)
	for i, s := range a.free {
		if s.size < n {
			continue
		}
		if s.size == n {
			a.free = append(a.free[:i], a.free[i+1:]...)
		} else {
			a.free[i] = span{s.at + n, s.size - n}
		}
		a.used[uint32(s.at)] = n
		return uint32(s.at), nil
	}
	if err := a.reserve(n); err != nil {
		return 0, err
	}
	at := a.next
	a.next += n
	a.used[uint32(at)] = n
	return uint32(at), nil
}

// reserve makes sure that n more bytes can be handed out without growing the memory again.
// Growing detaches views in a browser and copies under wazero, so a load reserves its total once.
func (a *arena) reserve(n uint64) error {
	end := a.next + n
	if end > maxMemory {
		return fmt.Errorf("%w: %d MB are needed, wasm32 has 4 GiB: close some programs", engine.ErrMemory, end>>20)
	}
	if err := a.host.Grow(uint32(end)); err != nil {
		return fmt.Errorf("%w: growing to %d MB: %w", engine.ErrMemory, end>>20, err)
	}
	return nil
}

// release gives a range back. Addresses that alloc did not hand out are a bug of the caller.
func (a *arena) release(at uint32) {
	if at == 0 {
		return
	}
	n, ok := a.used[at]
	if !ok {
		panic(fmt.Sprintf("simd: release of %#x, which is not allocated", at))
	}
	delete(a.used, at)
	i := sort.Search(len(a.free), func(i int) bool { return a.free[i].at > uint64(at) })
	a.free = append(a.free, span{})
	copy(a.free[i+1:], a.free[i:])
	a.free[i] = span{uint64(at), n}
	if i+1 < len(a.free) && a.free[i].at+a.free[i].size == a.free[i+1].at {
		a.free[i].size += a.free[i+1].size
		a.free = append(a.free[:i+1], a.free[i+2:]...)
	}
	if i > 0 && a.free[i-1].at+a.free[i-1].size == a.free[i].at {
		a.free[i-1].size += a.free[i].size
		a.free = append(a.free[:i], a.free[i+1:]...)
	}
	if last := len(a.free) - 1; a.free[last].at+a.free[last].size == a.next {
		a.next = a.free[last].at
		a.free = a.free[:last]
	}
}

// inUse is the number of bytes handed out.
func (a *arena) inUse() int64 {
	var n uint64
	for _, s := range a.used {
		n += s
	}
	return int64(n)
}
