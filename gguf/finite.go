package gguf

import (
	"encoding/binary"
	"fmt"
)

// CheckFinite refuses NaN and infinite values and block scales. Negative,
// subnormal and zero scales are ordinary: the reference quantiser of Q4_0 makes
// them. Offset in the error is the byte in data.
func CheckFinite(t Type, data []byte) error {
	l, ok := t.layout()
	if !ok {
		return &Error{Op: "check", Name: t.String(), Offset: -1, Err: ErrType, Hint: "quantise the model to Q8_0"}
	}
	if len(data)%l.bytes != 0 {
		return &Error{Op: "check", Name: l.name, Offset: -1, Err: ErrLength,
			Hint: fmt.Sprintf("%d bytes are not whole blocks of %d", len(data), l.bytes)}
	}
	for at := 0; at < len(data); at += l.bytes {
		block, bad := data[at:at+l.bytes], -1
		switch t {
		case F32:
			if binary.LittleEndian.Uint32(block)&0x7f800000 == 0x7f800000 {
				bad = 0
			}
		case F16, Q8_0, Q4_0:
			bad = infinite(block, 0)
		case Q4_K:
			if bad = infinite(block, 0); bad < 0 {
				bad = infinite(block, 2)
			}
		case Q6_K:
			bad = infinite(block, 208)
		}
		if bad >= 0 {
			return &Error{Op: "check", Name: l.name, Offset: int64(at + bad), Err: ErrFinite, Hint: "the file is damaged: download or compile it again"}
		}
	}
	return nil
}

// infinite returns at if the half there is NaN or infinite, else -1.
func infinite(b []byte, at int) int {
	if binary.LittleEndian.Uint16(b[at:])&0x7c00 == 0x7c00 {
		return at
	}
	return -1
}
