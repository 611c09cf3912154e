package gguf

import (
	"math/rand/v2"
	"testing"
)

// The k-quant layouts written the other way round: blocks are packed from known
// quants by the rule of ggml's writer, and the decoder must find the same values.

func TestQ4KFromParts(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 3))
	for range 500 {
		var b [144]byte
		var scale, minimum [8]byte
		var q [256]byte
		d, dmin := uint16(r.IntN(0x7c00)), uint16(0x8000|r.IntN(0x7c00))
		b[0], b[1], b[2], b[3] = byte(d), byte(d>>8), byte(dmin), byte(dmin>>8)
		packed := b[4:16]
		for i := range 8 {
			scale[i], minimum[i] = byte(r.IntN(64)), byte(r.IntN(64))
			if i < 4 {
				packed[i] |= scale[i]
				packed[i+4] |= minimum[i]
			} else {
				packed[i+4] = scale[i]&15 | minimum[i]&15<<4
				packed[i-4] |= scale[i] >> 4 << 6
				packed[i] |= minimum[i] >> 4 << 6
			}
		}
		for i := range q {
			q[i] = byte(r.IntN(16))
			b[16+i/64*32+i%32] |= q[i] << (4 * (i / 32 % 2))
		}
		var got [256]float32
		if err := Decode(Q4_K, got[:], b[:]); err != nil {
			t.Fatal(err)
		}
		for i := range got {
			p := float32(float32(HalfToFloat(d)*float32(scale[i/32])) * float32(q[i]))
			m := float32(HalfToFloat(dmin) * float32(minimum[i/32]))
			if want := p - m; got[i] != want {
				t.Fatalf("value %d is %v, want %v", i, got[i], want)
			}
		}
	}
}

func TestQ6KFromParts(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 4))
	for range 500 {
		var b [210]byte
		var q [256]byte
		d := uint16(r.IntN(0x7c00))
		b[208], b[209] = byte(d), byte(d>>8)
		for i := range 16 {
			b[192+i] = byte(r.IntN(256))
		}
		for i := range q {
			q[i] = byte(r.IntN(64))
			h, row, col := i/128, i/32%4, i%32
			b[64*h+row%2*32+col] |= q[i] & 15 << (row / 2 * 4)
			b[128+32*h+col] |= q[i] >> 4 << (2 * row)
		}
		var got [256]float32
		if err := Decode(Q6_K, got[:], b[:]); err != nil {
			t.Fatal(err)
		}
		for i := range got {
			if want := HalfToFloat(d) * float32(int8(b[192+i/16])) * float32(int(q[i])-32); got[i] != want {
				t.Fatalf("value %d is %v, want %v", i, got[i], want)
			}
		}
	}
}

// TestRequantize: through Q8_0 a value moves by at most half a step of its block.
func TestRequantize(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 5))
	for _, typ := range []Type{F32, F16, Q4_0, Q8_0, Q4_K, Q6_K} {
		const n = 768 // more than one buffer, not a power of two
		src := make([]byte, n/typ.BlockSize()*typ.BlockBytes())
		for i := range src {
			src[i] = byte(r.IntN(0x3c)) // keeps every float and scale small and finite
		}
		want, got := make([]float32, n), make([]float32, n)
		if err := Decode(typ, want, src); err != nil {
			t.Fatal(err)
		}
		q8, err := RequantizeQ8(typ, src)
		if err != nil {
			t.Fatal(err)
		}
		if err := Decode(Q8_0, got, q8); err != nil {
			t.Fatal(err)
		}
		for b := 0; b < n; b += 32 {
			peak := float32(0)
			for _, v := range want[b : b+32] {
				peak = max(peak, v, -v)
			}
			for i := b; i < b+32; i++ {
				if d := max(want[i]-got[i], got[i]-want[i]); d > peak/225+0x1p-18 {
					t.Fatalf("%v: value %d is %v, want %v (peak %v)", typ, i, got[i], want[i], peak)
				}
			}
		}
	}
}
