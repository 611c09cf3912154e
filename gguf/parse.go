package gguf

import (
	"cmp"
	"errors"
	"io"
	"math"
	"math/bits"
	"slices"
	"strings"
	"unsafe"
)

const (
	magic            = "GGUF"
	defaultAlignment = 32
	minAlignment     = 8 // the format asks for a multiple of 8
	maxAlignment     = 1 << 20
	maxName          = 63 // ggml keeps names in 64 bytes
	maxDims          = 4
	minTensor        = 8 + 1 + 4 + 8 + 4 + 8 // bytes of the smallest entry
)

const alignmentKey = "general.alignment"

// Parse reads and checks the header of a GGUF file of size bytes.
func Parse(r io.ReaderAt, size int64) (*File, error) {
	if size < 0 {
		return nil, &Error{Op: "parse", Offset: -1, Err: ErrOverflow, Hint: "the size of a file is not negative"}
	}
	c := newCursor(r, size)
	f := &File{}
	tensors, pairs := f.readHeader(c)
	if c.err != nil {
		return nil, c.err
	}
	f.readMetadata(c, pairs)
	if c.err != nil {
		return nil, c.err
	}
	if err := f.readAlignment(); err != nil {
		return nil, err
	}
	f.readTensors(c, tensors)
	if c.err != nil {
		return nil, c.err
	}
	if err := f.place(c.pos, size); err != nil {
		return nil, err
	}
	return f, nil
}

func (f *File) readHeader(c *cursor) (tensors uint64, pairs int64) {
	if string(c.next(4)) != magic && (c.err == nil || errors.Is(c.err, ErrTruncated)) {
		c.err = &Error{Op: "parse", Offset: 0, Err: ErrMagic, Hint: "it does not start with \"GGUF\""}
		return 0, 0
	}
	f.Version = c.u32()
	switch {
	case c.err != nil:
		return 0, 0
	case f.Version == 1:
		c.failAt(4, ErrVersion, "version 1 is from 2023: convert the model again")
	case f.Version&0xffff == 0 && f.Version != 0:
		c.failAt(4, ErrVersion, "the file is big endian: convert the model again on a little-endian machine")
	case f.Version != 2 && f.Version != 3:
		c.failAt(4, ErrVersion, "versions 2 and 3 are supported")
	}
	tensors = c.u64()
	return tensors, c.count(minPair)
}

func (f *File) readAlignment() error {
	f.Alignment = defaultAlignment
	if _, _, ok := f.find(alignmentKey); !ok {
		return nil
	}
	v, _ := f.scalar(alignmentKey)
	a, ok := v.(uint32)
	if !ok || a < minAlignment || a > maxAlignment || bits.OnesCount32(a) != 1 {
		return &Error{Op: "parse key", Name: alignmentKey, Offset: -1, Err: ErrAlignment, Hint: "it must be a uint32, a power of two from 8 to 1048576"}
	}
	f.Alignment = int64(a)
	return nil
}

// readTensors reads the entries. Offset is relative to the data until place.
func (f *File) readTensors(c *cursor, n uint64) {
	// Each tensor needs its entry and, but for the last, a padded place of its own.
	if n > uint64((c.left()+f.Alignment)/(minTensor+f.Alignment)) {
		c.failAt(8, ErrLimit, "there are more tensors than the file has room for")
		return
	}
	f.Tensors = make([]Tensor, 0, n)
	var a arena
	for ; n > 0; n-- {
		at := c.pos
		t := readTensor(c, &a)
		if c.err != nil {
			if e, ok := c.err.(*Error); ok && e.Name == "" {
				e.Op, e.Name = "parse tensor", strings.ToValidUTF8(t.Name, "\ufffd")
			}
			return
		}
		if t.Offset%f.Alignment != 0 {
			c.err = &Error{Op: "parse tensor", Name: t.Name, Offset: at, Err: ErrAlignment, Hint: "tensor data must start at a multiple of the alignment"}
			return
		}
		f.Tensors = append(f.Tensors, t)
	}
}

// arena hands out names and dimensions from chunks: one allocation each would
// cost more than the file.
type arena struct {
	names []byte
	dims  []uint64
}

func (a *arena) name(b []byte) string {
	if len(a.names) < len(b) {
		a.names = make([]byte, 1024)
	}
	n := copy(a.names, b)
	s := textOf(a.names[:n])
	a.names = a.names[n:]
	return s
}

func (a *arena) dimensions(n int) []uint64 {
	if len(a.dims) < n {
		a.dims = make([]uint64, 128)
	}
	d := a.dims[:n:n]
	a.dims = a.dims[n:]
	return d
}

func readTensor(c *cursor, a *arena) (t Tensor) {
	at := c.pos
	l := c.u64()
	if c.err == nil && (l == 0 || l > maxName) {
		c.failAt(at, ErrName, "a tensor name has 1 to 63 bytes")
	}
	if c.err != nil {
		return t
	}
	t.Name = a.name(c.next(int(l)))
	at = c.pos
	nd := c.u32()
	if c.err == nil && (nd == 0 || nd > maxDims) {
		c.failAt(at, ErrShape, "a tensor has 1 to 4 dimensions")
	}
	if c.err != nil {
		return t
	}
	t.Dims = a.dimensions(int(nd))
	at = c.pos
	for i := range t.Dims {
		t.Dims[i] = c.u64()
	}
	t.Type = Type(c.u32())
	if c.err != nil {
		return t
	}
	var err *Error
	if t.Bytes, err = extent(t.Type, t.Dims); err != nil {
		c.failAt(at, err.Err, err.Hint)
		return t
	}
	at = c.pos
	offset := c.u64()
	if offset > math.MaxInt64 {
		c.failAt(at, ErrOverflow, "the tensor's offset is beyond any file")
	}
	t.Offset = int64(offset)
	return t
}

// extent is the number of bytes of a tensor, with every product checked.
func extent(t Type, dims []uint64) (int64, *Error) {
	l, ok := t.layout()
	if !ok {
		return 0, &Error{Err: ErrType, Hint: t.String() + " is not supported: quantise the model to Q8_0"}
	}
	n := uint64(1)
	for _, d := range dims {
		hi, lo := bits.Mul64(n, d)
		if d == 0 {
			return 0, &Error{Err: ErrShape, Hint: "no dimension may be 0"}
		}
		if hi != 0 || lo > math.MaxInt64 {
			return 0, &Error{Err: ErrOverflow, Hint: "the dimensions' product overflows"}
		}
		n = lo
	}
	if dims[0]%uint64(l.elements) != 0 {
		return 0, &Error{Err: ErrShape, Hint: "the first dimension must be whole blocks of " + l.name}
	}
	hi, lo := bits.Mul64(n/uint64(l.elements), uint64(l.bytes))
	if hi != 0 || lo > math.MaxInt64 {
		return 0, &Error{Err: ErrOverflow, Hint: "the tensor's size overflows"}
	}
	return int64(lo), nil
}

// place turns offsets into file offsets, and checks that names are unique and
// that the data of every tensor is in the file and its own.
func (f *File) place(end, size int64) error {
	start := end // without tensors there is no data section to align
	if len(f.Tensors) > 0 {
		start += (f.Alignment - end%f.Alignment) % f.Alignment
	}
	f.dataEnd, f.size = start, size
	f.byName = make([]int32, len(f.Tensors))
	for i := range f.Tensors {
		t := &f.Tensors[i]
		if t.Bytes > size || t.Offset > size || start > size-t.Bytes-t.Offset {
			return &Error{Op: "parse tensor", Name: t.Name, Offset: -1, Err: ErrExtent, Hint: "its data would lie beyond the end: " + truncatedHint}
		}
		t.Offset += start
		f.dataEnd = max(f.dataEnd, t.Offset+t.Bytes)
		f.byName[i] = int32(i)
	}
	slices.SortFunc(f.byName, func(a, b int32) int { return cmp.Compare(f.Tensors[a].Offset, f.Tensors[b].Offset) })
	for i := 1; i < len(f.byName); i++ {
		a, b := &f.Tensors[f.byName[i-1]], &f.Tensors[f.byName[i]]
		if a.Offset+a.Bytes > b.Offset {
			return &Error{Op: "parse tensor", Name: b.Name, Offset: b.Offset, Err: ErrExtent, Hint: "its data overlaps that of " + a.Name}
		}
	}
	slices.SortFunc(f.byName, func(a, b int32) int { return strings.Compare(f.Tensors[a].Name, f.Tensors[b].Name) })
	for i := 1; i < len(f.byName); i++ {
		if n := f.Tensors[f.byName[i]].Name; n == f.Tensors[f.byName[i-1]].Name {
			return &Error{Op: "parse tensor", Name: n, Offset: -1, Err: ErrDuplicate, Hint: "write the file again with one tensor per name"}
		}
	}
	return nil
}

// textOf views bytes that nobody writes any more as a string, without a copy.
func textOf(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }
