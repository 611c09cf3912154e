package gguf

import (
	"encoding/binary"
	"slices"
	"strings"
)

// kind is the type of a metadata value, numbered as in the file.
type kind uint32

const (
	kindU8 kind = iota
	kindI8
	kindU16
	kindI16
	kindU32
	kindI32
	kindF32
	kindBool
	kindString
	kindArray
	kindU64
	kindI64
	kindF64
)

// Bounds on metadata that no real file comes near.
const (
	maxKey      = 1<<16 - 1
	maxDepth    = 4       // arrays of arrays of arrays of arrays
	maxMetadata = 1 << 30 // offsets into it are 32 bits wide
	minPair     = 8 + 1 + 4 + 1
)

// size is the width of a scalar, 0 for strings, arrays and unknown kinds.
func (k kind) size() int64 {
	switch k {
	case kindU8, kindI8, kindBool:
		return 1
	case kindU16, kindI16:
		return 2
	case kindU32, kindI32, kindF32:
		return 4
	case kindU64, kindI64, kindF64:
		return 8
	}
	return 0
}

// walkMetadata checks n key-value pairs from c on and says where each starts.
func walkMetadata(c *cursor, n int64, visit func(at int64)) {
	for ; n > 0 && c.err == nil; n-- {
		visit(c.pos)
		at := c.pos
		l := c.u64()
		if c.err == nil && (l == 0 || l > maxKey) {
			c.failAt(at, ErrName, "a key has 1 to 65535 bytes")
		}
		c.skip(l)
		walkValue(c, kind(c.u32()), 0)
	}
}

func walkValue(c *cursor, k kind, depth int) {
	switch {
	case c.err != nil:
	case k == kindBool:
		walkBools(c, 1)
	case k == kindString:
		c.skip(c.u64())
	case k == kindArray:
		walkArray(c, depth+1)
	case k.size() > 0:
		c.skip(uint64(k.size()))
	default:
		c.failAt(c.pos-4, ErrType, "metadata value types are 0 to 12")
	}
}

func walkArray(c *cursor, depth int) {
	if depth > maxDepth {
		c.fail(ErrLimit, "arrays nest at most 4 deep")
		return
	}
	k := kind(c.u32())
	switch {
	case c.err != nil:
	case k == kindBool:
		walkBools(c, c.count(1))
	case k.size() > 0:
		c.skip(uint64(c.count(k.size())) * uint64(k.size())) // the product is at most what is left
	case k == kindString:
		for n := c.count(8); n > 0 && c.err == nil; n-- {
			c.skip(c.u64())
		}
	case k == kindArray:
		for n := c.count(12); n > 0 && c.err == nil; n-- {
			walkArray(c, depth+1)
		}
	default:
		c.failAt(c.pos-4, ErrType, "metadata value types are 0 to 12")
	}
}

func walkBools(c *cursor, n int64) {
	for ; n > 0 && c.err == nil; n-- {
		if c.u8() > 1 {
			c.failAt(c.pos-1, ErrValue, "a bool is 0 or 1")
		}
	}
}

// readMetadata finds the end of the metadata with c, keeps the section as it is
// and indexes it. It is walked twice, so that a string array costs its bytes in
// the file and nothing more; the second walk checks the copy, because the file
// may have changed in between.
func (f *File) readMetadata(c *cursor, n int64) {
	start := c.pos
	walkMetadata(c, n, func(int64) {})
	if c.err != nil {
		return
	}
	if c.pos-start > maxMetadata {
		c.failAt(start, ErrLimit, "metadata may take 1 GiB")
		return
	}
	data := make([]byte, c.pos-start)
	if got, err := c.r.ReadAt(data, start); got < len(data) {
		if err == nil {
			err = ErrTruncated
		}
		c.failAt(start, err, truncatedHint)
		return
	}
	m := memoryCursor(data, start)
	f.keys = make([]int32, 0, n)
	walkMetadata(m, n, func(at int64) { f.keys = append(f.keys, int32(at-start)) })
	if m.err != nil {
		c.err = m.err
		return
	}
	f.meta = textOf(data)
	slices.SortFunc(f.keys, func(a, b int32) int { return strings.Compare(f.key(a), f.key(b)) })
	for i := 1; i < len(f.keys); i++ {
		if k := f.key(f.keys[i]); k == f.key(f.keys[i-1]) {
			at := start + int64(max(f.keys[i], f.keys[i-1]))
			c.err = &Error{Op: "parse key", Name: k, Offset: at, Err: ErrDuplicate, Hint: "write the file again with one value per key"}
			return
		}
	}
}

// key is the key whose length field is at offset at of the metadata.
func (f *File) key(at int32) string {
	n := le64(f.meta[at:])
	return f.meta[at+8:][:n]
}

func le32(s string) uint32 { return binary.LittleEndian.Uint32([]byte(s[:4])) }
func le64(s string) uint64 { return binary.LittleEndian.Uint64([]byte(s[:8])) }
