package gguf

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"
)

// Encode appends src in the type's layout: F32, F16, Q8_0 or Q4_0, the bytes of
// ggml's reference quantisers. A block with a value that is not finite gets a NaN
// scale, so that CheckFinite refuses it instead of a quiet wrong number.
//
// It panics when len(src) is not whole blocks or the type cannot be written:
// both are mistakes of the program, not of its input.
func Encode(t Type, dst []byte, src []float32) []byte {
	l, ok := t.layout()
	if !ok || len(src)%l.elements != 0 {
		panic(fmt.Sprintf("gguf: encode %d values as %v", len(src), t))
	}
	dst = slices.Grow(dst, len(src)/l.elements*l.bytes)
	switch t {
	case F32:
		for _, v := range src {
			dst = binary.LittleEndian.AppendUint32(dst, math.Float32bits(v))
		}
	case F16:
		for _, v := range src {
			dst = binary.LittleEndian.AppendUint16(dst, FloatToHalf(v))
		}
	case Q8_0:
		for ; len(src) > 0; src = src[32:] {
			dst = encodeQ8(dst, (*[32]float32)(src))
		}
	case Q4_0:
		for ; len(src) > 0; src = src[32:] {
			dst = encodeQ4(dst, (*[32]float32)(src))
		}
	default:
		panic(fmt.Sprintf("gguf: %v is read only", t))
	}
	return dst
}

// peak is the value of largest magnitude, the first of equals, sign kept; NaN if
// any value is not finite.
func peak(x *[32]float32) float32 {
	var m, abs float32
	for _, v := range x {
		a := float32(math.Abs(float64(v)))
		if !(a <= math.MaxFloat32) {
			return float32(math.NaN())
		}
		if a > abs {
			m, abs = v, a
		}
	}
	return m
}

// inverse is 1/d, or 0 where that is not finite: the scale is then 0 as a half,
// or NaN, and the quants do not matter.
func inverse(d float32) float32 {
	if i := 1 / d; float32(math.Abs(float64(i))) <= math.MaxFloat32 {
		return i
	}
	return 0
}

// encodeQ8 is scale d = max|x|/127, then 32 rounded quants; halves round away
// from zero as C's roundf does.
func encodeQ8(dst []byte, x *[32]float32) []byte {
	m := peak(x)
	d := float32(math.Abs(float64(m))) / 127
	id := inverse(d)
	dst = appendScale(dst, d)
	for _, v := range x {
		q := float32(0)
		if id != 0 {
			q = v * id
		}
		dst = append(dst, byte(int8(math.Round(float64(q)))))
	}
	return dst
}

// encodeQ4 is scale d = max/-8, so that the largest value is exact and the scale
// may be negative, then 16 bytes: element i in the low and i+16 in the high half.
func encodeQ4(dst []byte, x *[32]float32) []byte {
	d := peak(x) / -8
	id := inverse(d)
	dst = appendScale(dst, d)
	for i := range 16 {
		dst = append(dst, nibble(x[i], id)|nibble(x[i+16], id)<<4)
	}
	return dst
}

func nibble(v, id float32) byte {
	if id == 0 {
		return 8
	}
	p := float32(v * id) // the conversion keeps the product from being fused with the sum
	return byte(min(15, int(p+8.5)))
}

func appendScale(dst []byte, d float32) []byte {
	if d != d {
		return binary.LittleEndian.AppendUint16(dst, halfNaN)
	}
	return binary.LittleEndian.AppendUint16(dst, FloatToHalf(d))
}
