package gguf

import (
	"errors"
	"fmt"
	"strings"
)

// What can be wrong with a file or with what a caller wants written.
var (
	ErrMagic     = errors.New("not a GGUF file")
	ErrVersion   = errors.New("unsupported version")
	ErrTruncated = errors.New("file ends too early")
	ErrOverflow  = errors.New("number out of range")
	ErrDuplicate = errors.New("name appears twice")
	ErrType      = errors.New("unsupported type")
	ErrName      = errors.New("bad name")
	ErrValue     = errors.New("bad value")
	ErrShape     = errors.New("bad dimensions")
	ErrAlignment = errors.New("bad alignment")
	ErrExtent    = errors.New("tensor data out of place")
	ErrLimit     = errors.New("count beyond what the file can hold")
	ErrFinite    = errors.New("value is not finite")
	ErrLength    = errors.New("length is not whole blocks")
)

// Error is every error of this package: what was being done, to which key or
// tensor, at which byte (-1 when there is none), and what to do about it.
type Error struct {
	Op     string
	Name   string
	Offset int64
	Err    error
	Hint   string
}

func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString("gguf: ")
	b.WriteString(e.Op)
	if e.Name != "" {
		fmt.Fprintf(&b, " %q", e.Name)
	}
	if e.Offset >= 0 {
		fmt.Fprintf(&b, " at byte %d", e.Offset)
	}
	b.WriteString(": ")
	b.WriteString(e.Err.Error())
	if e.Hint != "" {
		b.WriteString(": ")
		b.WriteString(e.Hint)
	}
	return b.String()
}

func (e *Error) Unwrap() error { return e.Err }
