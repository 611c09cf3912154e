package nn

import (
	"math/bits"
	"sync"
)

// scratch holds packing buffers between calls, one pool per power of two.
// sync.Pool keeps them per core and lets the collector have what is idle.
var scratch [48]sync.Pool

type buffer struct {
	data  []float32
	class int
}

// getScratch returns a buffer of n floats with undefined contents.
func getScratch(n int) *buffer {
	class := bits.Len(uint(max(n, 1024) - 1))
	b, _ := scratch[class].Get().(*buffer)
	if b == nil {
		b = &buffer{data: make([]float32, 1<<class), class: class}
	}
	b.data = b.data[:n]
	return b
}

func (b *buffer) free() {
	if b != nil {
		b.data = b.data[:cap(b.data)]
		scratch[b.class].Put(b)
	}
}
