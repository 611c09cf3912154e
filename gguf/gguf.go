// Package gguf is the only reader and writer of GGUF files here: versions 2 and
// 3, little endian, with tensors of the types F32, F16, Q8_0, Q4_0, Q4_K and
// Q6_K.
//
// It promises that Parse never panics and never trusts a number in the file:
// products and sums are checked, every count is bounded by the bytes that are
// left, every tensor lies inside the file and overlaps no other, and nothing is
// allocated beyond twice the file's size (plus a 64 KiB read buffer). Errors say
// where and what to do. The codecs convert blocks to and from float32; Encode
// gives the bytes of ggml's reference quantisers.
//
// It does not hold weights (a Tensor says where they lie), does not know any
// model, and does not read other block types: those are an error, not a guess.
package gguf

import (
	"fmt"
	"sort"
)

// Type is the storage type of a tensor, numbered as in the file.
type Type uint32

// The supported storage types.
const (
	F32  Type = 0
	F16  Type = 1
	Q4_0 Type = 2
	Q8_0 Type = 8
	Q4_K Type = 12
	Q6_K Type = 14
)

// layout is what a type's blocks look like: elements and bytes per block.
type layout struct {
	name     string
	elements int
	bytes    int
}

func (t Type) layout() (layout, bool) {
	switch t {
	case F32:
		return layout{"F32", 1, 4}, true
	case F16:
		return layout{"F16", 1, 2}, true
	case Q4_0:
		return layout{"Q4_0", 32, 18}, true
	case Q8_0:
		return layout{"Q8_0", 32, 34}, true
	case Q4_K:
		return layout{"Q4_K", 256, 144}, true
	case Q6_K:
		return layout{"Q6_K", 256, 210}, true
	}
	return layout{}, false
}

// BlockSize is the number of elements in a block, 0 for an unknown type.
func (t Type) BlockSize() int {
	l, _ := t.layout()
	return l.elements
}

// BlockBytes is the number of bytes of a block, 0 for an unknown type.
func (t Type) BlockBytes() int {
	l, _ := t.layout()
	return l.bytes
}

func (t Type) String() string {
	if l, ok := t.layout(); ok {
		return l.name
	}
	return fmt.Sprintf("type %d", uint32(t))
}

// Tensor says what a tensor is and where its bytes lie.
type Tensor struct {
	Name   string
	Dims   []uint64 // fastest first: Dims[0] is the input width of a matrix
	Type   Type
	Offset int64 // from the start of the file
	Bytes  int64
}

// Elements is the product of the dimensions.
func (t Tensor) Elements() int64 {
	n := int64(1)
	for _, d := range t.Dims {
		n *= int64(d)
	}
	return n
}

// File is a parsed header. It is immutable and holds no weights.
type File struct {
	Version   uint32
	Alignment int64
	Tensors   []Tensor // in file order

	meta    string  // the metadata section, as in the file
	keys    []int32 // where each key starts in meta, sorted by key
	byName  []int32 // indices into Tensors, sorted by name
	dataEnd int64
	size    int64
}

// Tensor finds a tensor by its exact name.
func (f *File) Tensor(name string) (Tensor, bool) {
	i := sort.Search(len(f.byName), func(i int) bool { return f.Tensors[f.byName[i]].Name >= name })
	if i == len(f.byName) || f.Tensors[f.byName[i]].Name != name {
		return Tensor{}, false
	}
	return f.Tensors[f.byName[i]], true
}

// Size of the whole file in bytes.
func (f *File) Size() int64 { return f.size }

// DataEnd is the end of the last tensor: what follows in the file is padding.
func (f *File) DataEnd() int64 { return f.dataEnd }
