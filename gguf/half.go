package gguf

import "math"

// FloatToHalf rounds to a half, to nearest, ties to even; what is too large becomes
// infinite. NaN keeps the high bits of its payload.
func FloatToHalf(f float32) uint16 {
	b := math.Float32bits(f)
	sign := uint16(b>>16) & 0x8000
	exp := int(b>>23&0xff) - 127 + 15
	frac := b & 0x7fffff
	switch {
	case exp == 255-127+15: // infinite or NaN
		h := uint16(frac >> 13)
		if frac != 0 && h == 0 {
			h = 1
		}
		return sign | 0x7c00 | h
	case exp >= 31:
		return sign | 0x7c00
	case exp <= 0: // subnormal or zero
		if exp < -10 {
			return sign
		}
		return sign | uint16(roundShift(frac|0x800000, uint(14-exp)))
	}
	// A carry out of the fraction raises the exponent, up to infinity: as it should.
	return sign | uint16(roundShift(uint32(exp)<<23|frac, 13))
}

// roundShift is v >> n, rounded to nearest, ties to even.
func roundShift(v uint32, n uint) uint32 {
	q, rest, half := v>>n, v&(1<<n-1), uint32(1)<<(n-1)
	if rest > half || rest == half && q&1 == 1 {
		q++
	}
	return q
}

// HalfToFloat is the value of a half, exactly.
func HalfToFloat(h uint16) float32 {
	sign := uint32(h&0x8000) << 16
	exp := uint32(h >> 10 & 0x1f)
	frac := uint32(h & 0x3ff)
	switch exp {
	case 0: // frac · 2⁻²⁴, exact in float32
		f := float32(frac) * (1.0 / (1 << 24))
		return math.Float32frombits(math.Float32bits(f) | sign)
	case 31:
		return math.Float32frombits(sign | 0x7f800000 | frac<<13)
	}
	return math.Float32frombits(sign | (exp+127-15)<<23 | frac<<13)
}

const halfNaN = 0x7e00
