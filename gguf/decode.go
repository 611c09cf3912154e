package gguf

import (
	"encoding/binary"
	"fmt"
	"math"
)

// Decode writes the values of src, which must be exactly len(dst) elements.
func Decode(t Type, dst []float32, src []byte) error {
	l, ok := t.layout()
	if !ok {
		return &Error{Op: "decode", Name: t.String(), Offset: -1, Err: ErrType, Hint: "quantise the model to Q8_0"}
	}
	if len(dst)%l.elements != 0 || len(src)%l.bytes != 0 || len(dst)/l.elements != len(src)/l.bytes {
		return &Error{Op: "decode", Name: l.name, Offset: -1, Err: ErrLength,
			Hint: fmt.Sprintf("%d values do not come from %d bytes", len(dst), len(src))}
	}
	switch t {
	case F32:
		for i := range dst {
			dst[i] = math.Float32frombits(binary.LittleEndian.Uint32(src[4*i:]))
		}
	case F16:
		for i := range dst {
			dst[i] = HalfToFloat(binary.LittleEndian.Uint16(src[2*i:]))
		}
	case Q8_0:
		for ; len(dst) > 0; dst, src = dst[32:], src[34:] {
			decodeQ8((*[32]float32)(dst), (*[34]byte)(src))
		}
	case Q4_0:
		for ; len(dst) > 0; dst, src = dst[32:], src[18:] {
			decodeQ4((*[32]float32)(dst), (*[18]byte)(src))
		}
	case Q4_K:
		for ; len(dst) > 0; dst, src = dst[256:], src[144:] {
			decodeQ4K((*[256]float32)(dst), (*[144]byte)(src))
		}
	case Q6_K:
		for ; len(dst) > 0; dst, src = dst[256:], src[210:] {
			decodeQ6K((*[256]float32)(dst), (*[210]byte)(src))
		}
	}
	return nil
}

func half(b []byte) float32 { return HalfToFloat(binary.LittleEndian.Uint16(b)) }

// Q8_0: f16 scale, 32 signed bytes.
func decodeQ8(dst *[32]float32, src *[34]byte) {
	d := half(src[:])
	for i, q := range src[2:] {
		dst[i] = d * float32(int8(q))
	}
}

// Q4_0: f16 scale, 16 bytes; element i in the low half of byte i, element i+16 in
// the high half, each 8 too large.
func decodeQ4(dst *[32]float32, src *[18]byte) {
	d := half(src[:])
	for i, q := range src[2:] {
		dst[i] = d * float32(int(q&15)-8)
		dst[i+16] = d * float32(int(q>>4)-8)
	}
}

// Q4_K: f16 d and dmin, 12 bytes of eight 6-bit scales and eight 6-bit minima,
// 128 bytes of quants. Value = d·scale·q − dmin·minimum, 32 elements per scale;
// 32 bytes hold two such groups, the first in the low halves.
func decodeQ4K(dst *[256]float32, src *[144]byte) {
	d, dmin := half(src[0:]), half(src[2:])
	scales := (*[12]byte)(src[4:])
	for pair := range 4 {
		q := (*[32]byte)(src[16+32*pair:])
		for g := range 2 {
			s, m := scaleMinimum(scales, 2*pair+g)
			scale, minimum := d*s, dmin*m
			out := (*[32]float32)(dst[64*pair+32*g:])
			for i := range out {
				p := float32(scale * float32(q[i]>>(4*g)&15)) // not fused with the difference
				out[i] = p - minimum
			}
		}
	}
}

// scaleMinimum unpacks the 6-bit pair g of a Q4_K block. Pairs 0–3 are the low
// six bits of bytes g and g+4; pairs 4–7 have their low four bits in byte g+4 and
// their high two in the top of bytes g-4 and g.
func scaleMinimum(b *[12]byte, g int) (scale, minimum float32) {
	if g < 4 {
		return float32(b[g] & 63), float32(b[g+4] & 63)
	}
	s := b[g+4]&15 | b[g-4]>>6<<4
	m := b[g+4]>>4 | b[g]>>6<<4
	return float32(s), float32(m)
}

// Q6_K: 128 bytes of low halves, 64 bytes of high pairs, sixteen signed 8-bit
// scales, f16 d. Value = d·scale·(q−32), 16 elements per scale. Each half block of
// 128 elements has four rows of 32: rows 0 and 1 in the low, 2 and 3 in the high
// halves of 64 bytes, and row r in bits 2r of 32 bytes of high pairs.
func decodeQ6K(dst *[256]float32, src *[210]byte) {
	d := half(src[208:])
	for h := range 2 {
		low, high := (*[64]byte)(src[64*h:]), (*[32]byte)(src[128+32*h:])
		scales := (*[8]byte)(src[192+8*h:])
		for r := range 4 {
			out := (*[32]float32)(dst[128*h+32*r:])
			for i := range out {
				q := low[32*(r&1)+i]>>(4*(r>>1))&15 | high[i]>>(2*r)&3<<4
				out[i] = d * float32(int8(scales[2*r+i/16])) * float32(int(q)-32)
			}
		}
	}
}

// RequantizeQ8 converts whole blocks of any type to Q8_0. Values that are not
// finite are an error.
func RequantizeQ8(t Type, src []byte) ([]byte, error) {
	if err := CheckFinite(t, src); err != nil {
		return nil, err
	}
	l, _ := t.layout()
	n := len(src) / l.bytes * l.elements
	if n%32 != 0 {
		return nil, &Error{Op: "requantise", Name: l.name, Offset: -1, Err: ErrLength, Hint: "Q8_0 needs a multiple of 32 values"}
	}
	dst := make([]byte, 0, n/32*34)
	var buf [256]float32
	for len(src) > 0 {
		values := buf[:min(256, len(src)/l.bytes*l.elements)]
		bytes := len(values) / l.elements * l.bytes
		if err := Decode(t, values, src[:bytes]); err != nil {
			return nil, err
		}
		dst = Encode(Q8_0, dst, values)
		src = src[bytes:]
	}
	return dst, CheckFinite(Q8_0, dst) // a float32 scale may be too large for a half
}
