package simd

import (
	"encoding/binary"
	"math"
)

// Mirror of wasm/kernel/src/abi.h. All fields are 32-bit words; TestLayout compares the sizes with
// the kernel's own.
const (
	abiVersion = 3

	block       = 32 // columns that share a scale
	group       = 8  // rows of a packed group
	chunk       = 32 // most tokens of one prefill call
	q8Bytes     = 34
	q4Bytes     = 18
	tile        = 4 // tokens multiplied at once, and queries that attend together
	modules     = 4
	heapBaseIdx = 1 // abi_word index of __heap_base
)

const (
	matrixSize    = 4 * 4
	layerSize     = 4*4 + modules*matrixSize
	modelSize     = 5*4 + 4 + 4 + 2*matrixSize + 3*4
	adapterSize   = 2 * 4
	pairSize      = 2 * matrixSize
	segmentSize   = 4 * 4
	scratchSize   = 11 * 4
	sessionSize   = 2*4 + 2*segmentSize + 2*4
	candidateSize = 3 * 4

	sessionTail   = 2*4 + segmentSize
	sessionLength = sessionTail + 2*4 // tail.length
)

// words builds a descriptor.
type words struct{ b []byte }

func (w *words) u32(v ...uint32) {
	for _, x := range v {
		w.b = binary.LittleEndian.AppendUint32(w.b, x)
	}
}

func (w *words) f32(v float32) { w.u32(math.Float32bits(v)) }

// matrix is a packed weight in kernel memory; the zero value is an absent one.
type matrix struct {
	packed, bias uint32
	in, rows     uint32
}

func (w *words) matrix(m matrix) { w.u32(m.packed, m.bias, m.in, m.rows) }

// segment is keys and values of consecutive positions, [layers][heads][capacity][width / heads] each.
type segment struct {
	key, value       uint32
	length, capacity uint32
}

func (w *words) segment(s segment) { w.u32(s.key, s.value, s.length, s.capacity) }

func int32Bytes(v []int32) []byte {
	b := make([]byte, 0, 4*len(v))
	for _, x := range v {
		b = binary.LittleEndian.AppendUint32(b, uint32(x))
	}
	return b
}

func float32s(dst []float32, b []byte) {
	for i := range dst {
		dst[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))
	}
}
