package gguf

import (
	"encoding/binary"
	"errors"
	"io"
)

// window is the most that is read ahead.
const window = 64 << 10

// cursor reads little-endian numbers from a window that slides over a file. The
// first failure sticks, later reads return zero, so that callers check once per
// item. Positions are file offsets.
type cursor struct {
	r    io.ReaderAt // nil when buf is all there is
	size int64       // no byte at or beyond this exists
	pos  int64
	base int64 // file offset of buf[0]
	buf  []byte
	err  error
}

func newCursor(r io.ReaderAt, size int64) *cursor {
	return &cursor{r: r, size: size, buf: make([]byte, 0, min(size, window))}
}

// memoryCursor reads data, which lies at offset base of the file.
func memoryCursor(data []byte, base int64) *cursor {
	return &cursor{size: base + int64(len(data)), pos: base, base: base, buf: data}
}

func (c *cursor) left() int64 { return c.size - c.pos }

func (c *cursor) fail(err error, hint string) {
	c.failAt(c.pos, err, hint)
}

func (c *cursor) failAt(pos int64, err error, hint string) {
	if c.err == nil {
		c.err = &Error{Op: "parse", Offset: pos, Err: err, Hint: hint}
	}
}

const truncatedHint = "the file is incomplete, download or write it again"

// next returns the next n bytes, n ≤ window, and moves behind them.
func (c *cursor) next(n int) []byte {
	if c.err != nil {
		return nil
	}
	if int64(n) > c.left() {
		c.fail(ErrTruncated, truncatedHint)
		return nil
	}
	at := c.pos - c.base
	if at < 0 || at+int64(n) > int64(len(c.buf)) {
		if !c.fill(n) {
			return nil
		}
		at = 0
	}
	c.pos += int64(n)
	return c.buf[at : at+int64(n)]
}

// fill slides the window so that it starts at pos and holds at least n bytes.
func (c *cursor) fill(n int) bool {
	if c.r == nil {
		c.fail(ErrTruncated, truncatedHint)
		return false
	}
	want := int(min(int64(cap(c.buf)), c.left()))
	got, err := c.r.ReadAt(c.buf[:want], c.pos)
	if got < n {
		if err == nil || errors.Is(err, io.EOF) {
			err = ErrTruncated
		}
		c.fail(err, truncatedHint)
		return false
	}
	c.buf, c.base = c.buf[:got], c.pos
	return true
}

func (c *cursor) u8() uint8 {
	if b := c.next(1); b != nil {
		return b[0]
	}
	return 0
}

func (c *cursor) u32() uint32 {
	if b := c.next(4); b != nil {
		return binary.LittleEndian.Uint32(b)
	}
	return 0
}

func (c *cursor) u64() uint64 {
	if b := c.next(8); b != nil {
		return binary.LittleEndian.Uint64(b)
	}
	return 0
}

// count reads a number of items of which each takes at least size bytes.
func (c *cursor) count(size int64) int64 {
	at := c.pos
	n := c.u64()
	if c.err == nil && n > uint64(c.left()/size) {
		c.failAt(at, ErrLimit, "the file is damaged or incomplete")
		return 0
	}
	return int64(n)
}

// skip moves n bytes on; n may come from the file.
func (c *cursor) skip(n uint64) {
	if c.err != nil {
		return
	}
	if n > uint64(c.left()) {
		c.fail(ErrTruncated, truncatedHint)
		return
	}
	c.pos += int64(n)
}
