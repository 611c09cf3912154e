package gguf

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"math"
	"math/rand/v2"
	"os"
	"testing"
)

// TestReference compares with vectors made by ggml's own Python package (gguf
// 0.19, MIT): both directions where it writes, decoding for the k-quants.
func TestReference(t *testing.T) {
	b, err := os.ReadFile("testdata/reference.json")
	if err != nil {
		t.Fatal(err)
	}
	var vectors []struct{ Type, Op, Floats, Bytes string }
	if err := json.Unmarshal(b, &vectors); err != nil {
		t.Fatal(err)
	}
	types := map[string]Type{"Q8_0": Q8_0, "Q4_0": Q4_0, "Q4_K": Q4_K, "Q6_K": Q6_K}
	for _, v := range vectors {
		raw, data := unbase64(t, v.Floats), unbase64(t, v.Bytes)
		want := make([]float32, len(raw)/4)
		for i := range want {
			want[i] = math.Float32frombits(binary.LittleEndian.Uint32(raw[4*i:]))
		}
		if v.Op == "encode" {
			if got := Encode(types[v.Type], nil, want); !bytes.Equal(got, data) {
				t.Errorf("%s: encoded bytes differ\n%x\n%x", v.Type, got, data)
			}
			continue
		}
		got := make([]float32, len(want))
		if err := Decode(types[v.Type], got, data); err != nil {
			t.Fatal(err)
		}
		for i := range got {
			if got[i] != want[i] {
				t.Fatalf("%s: value %d is %v, want %v", v.Type, i, got[i], want[i])
			}
		}
	}
}

func unbase64(t *testing.T, s string) []byte {
	t.Helper()
	b, err := base64.StdEncoding.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestHalfRoundTrip: every half, NaN payloads included, survives float32.
func TestHalfRoundTrip(t *testing.T) {
	for h := range 1 << 16 {
		if got := FloatToHalf(HalfToFloat(uint16(h))); got != uint16(h) {
			t.Fatalf("%04x → %v → %04x", h, HalfToFloat(uint16(h)), got)
		}
	}
}

func TestHalfValues(t *testing.T) {
	for h, want := range map[uint16]float64{0: 0, 1: 0x1p-24, 0x3ff: 1023 * 0x1p-24, 0x400: 0x1p-14, 0x3c00: 1, 0x3c01: 1 + 0x1p-10,
		0xc000: -2, 0x7bff: 65504, 0x7c00: math.Inf(1), 0xfc00: math.Inf(-1), 0x8001: -0x1p-24} {
		if got := float64(HalfToFloat(h)); got != want {
			t.Errorf("%04x = %v, want %v", h, got, want)
		}
	}
	if f := HalfToFloat(0x8000); f != 0 || !math.Signbit(float64(f)) {
		t.Errorf("8000 = %v, want -0", f)
	}
	if f := HalfToFloat(0x7e00); f == f {
		t.Errorf("7e00 = %v, want NaN", f)
	}
}

// TestHalfRounding compares with a search for the nearest half in float64, ties
// to the even one.
func TestHalfRounding(t *testing.T) {
	check := func(f float32) {
		t.Helper()
		h := FloatToHalf(f)
		if got, want := HalfToFloat(h), nearestHalf(float64(f)); float64(got) != want {
			t.Fatalf("%v (%08x) → %04x = %v, want %v", f, math.Float32bits(f), h, got, want)
		}
		if math.Signbit(float64(f)) != (h&0x8000 != 0) {
			t.Fatalf("%v loses its sign", f)
		}
	}
	for h := range uint16(0x7c00) { // every half, the middle to the next one, and the floats beside it
		a, b := HalfToFloat(h), HalfToFloat(h+1)
		if h == 0x7bff {
			b = 65536
		}
		mid := (a + b) / 2
		for _, f := range []float32{a, mid, math.Nextafter32(mid, a), math.Nextafter32(mid, b)} {
			check(f)
			check(-f)
		}
	}
	r := rand.New(rand.NewPCG(1, 1))
	for range 20000 {
		if f := math.Float32frombits(r.Uint32()); f == f {
			check(f)
		}
	}
	if h := FloatToHalf(math.Float32frombits(0x7f800001)); h != 0x7c01 {
		t.Errorf("a small NaN payload → %04x, must stay NaN", h)
	}
}

func nearestHalf(f float64) float64 {
	a := math.Abs(f)
	if a >= 65520 {
		return math.Copysign(math.Inf(1), f)
	}
	step := 0x1p-24
	if a >= 0x1p-14 {
		_, e := math.Frexp(a)
		step = math.Ldexp(1, e-11)
	}
	return math.Copysign(math.RoundToEven(a/step)*step, f)
}

// block puts v, then zeros, into a block of 32.
func block(v ...float32) []float32 { return append(v, make([]float32, 32-len(v))...) }

func TestEncodeQ8(t *testing.T) {
	b := Encode(Q8_0, []byte{9}, block(127, 0.5, -0.5, 1.5, 2.5, -2.5, 0.49999997, -127))
	want := []byte{9, 0, 0x3c, 127, 1, 0xff, 2, 3, 0xfd, 0, 0x81}
	if !bytes.Equal(b[:len(want)], want) || len(b) != 35 {
		t.Errorf("halves must round away from zero: % x", b)
	}
	if b := Encode(Q8_0, nil, block()); !bytes.Equal(b, make([]byte, 34)) {
		t.Errorf("zeros: % x", b)
	}
}

func TestEncodeQ4(t *testing.T) {
	for _, c := range []struct {
		name  string
		x     []float32
		scale uint16
		q     []byte // first quants
	}{
		{"negative peak", block(-8, 7, 0, 1, 0.5, 0.49, -0.5, -0.51, 7.9), 0x3c00, []byte{0, 15, 8, 9, 9, 8, 8, 7, 15}},
		{"positive peak, negative scale", block(8, -7, 1), 0xbc00, []byte{0, 15, 7}},
		{"first of equals decides", block(4, -4), 0xb800, []byte{0, 15}},
		{"zeros", block(), 0x8000, []byte{8}},
		{"subnormal scale", block(-8 * 0x1p-24), 1, []byte{0, 8}},
	} {
		b := Encode(Q4_0, nil, c.x)
		if got := binary.LittleEndian.Uint16(b); got != c.scale {
			t.Errorf("%s: scale %04x, want %04x", c.name, got, c.scale)
		}
		for i, q := range c.q {
			if got := b[2+i] & 15; got != q {
				t.Errorf("%s: quant %d is %d, want %d", c.name, i, got, q)
			}
		}
		if err := CheckFinite(Q4_0, b); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	if b := Encode(Q4_0, nil, append(block(-8)[:16], block(3)[:16]...)); b[2] != 11<<4 {
		t.Errorf("element 16 is the high half of byte 0: %02x", b[2])
	}
}

// TestEncodeError: what comes back is within half a step, for any magnitude.
func TestEncodeError(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 2))
	for range 2000 {
		x := make([]float32, 32)
		size, peak := math.Exp2(20*r.Float64()-10), 0.0
		for i := range x {
			x[i] = float32(r.NormFloat64() * size)
			peak = max(peak, math.Abs(float64(x[i])))
		}
		for typ, limit := range map[Type]float64{Q8_0: peak/254 + peak/2000 + 127*0x1p-25, Q4_0: peak/8 + peak/2000 + 8*0x1p-25, F16: peak/2000 + 0x1p-25, F32: 0} {
			y := make([]float32, 32)
			if err := Decode(typ, y, Encode(typ, nil, x)); err != nil {
				t.Fatal(err)
			}
			for i := range x {
				if d := math.Abs(float64(x[i] - y[i])); d > limit {
					t.Fatalf("%v: %v became %v, peak %v", typ, x[i], y[i], peak)
				}
			}
		}
	}
}

// TestNotFinite: such values must not turn into quiet wrong ones.
func TestNotFinite(t *testing.T) {
	inf := float32(math.Inf(1))
	for _, typ := range []Type{F32, F16, Q8_0, Q4_0} {
		for _, v := range []float32{inf, -inf, float32(math.NaN()), math.MaxFloat32} {
			if typ == F32 && v == math.MaxFloat32 {
				continue
			}
			b := Encode(typ, nil, append(block(1, 2), block(0, v)...))
			if err := CheckFinite(typ, b); !errors.Is(err, ErrFinite) {
				t.Errorf("%v of %v: %v", typ, v, err)
			}
			if _, err := RequantizeQ8(typ, b); !errors.Is(err, ErrFinite) {
				t.Errorf("%v of %v to Q8_0: %v", typ, v, err)
			}
		}
		tiny := Encode(typ, nil, block(math.SmallestNonzeroFloat32, -math.SmallestNonzeroFloat32))
		if err := CheckFinite(typ, tiny); err != nil {
			t.Errorf("%v of the smallest float: %v", typ, err)
		}
	}
}

// TestScales: every finite half is a legal scale, the others are found at their byte.
func TestScales(t *testing.T) {
	for typ, at := range map[Type][]int{F16: {0}, Q8_0: {0}, Q4_0: {0}, Q4_K: {0, 2}, Q6_K: {208}} {
		b := make([]byte, 3*typ.BlockBytes())
		for _, offset := range at {
			offset += typ.BlockBytes() // the second of three blocks
			for h := range 1 << 16 {
				binary.LittleEndian.PutUint16(b[offset:], uint16(h))
				f := float64(HalfToFloat(uint16(h)))
				err := CheckFinite(typ, b)
				if legal := !math.IsNaN(f) && !math.IsInf(f, 0); (err == nil) != legal {
					t.Fatalf("%v scale %04x: %v", typ, h, err)
				}
				var e *Error
				if errors.As(err, &e) && e.Offset != int64(offset) {
					t.Fatalf("%v: fault at byte %d, reported at %d", typ, offset, e.Offset)
				}
			}
			binary.LittleEndian.PutUint16(b[offset:], 0)
		}
	}
}

func TestLengths(t *testing.T) {
	for _, typ := range []Type{F32, F16, Q4_0, Q8_0, Q4_K, Q6_K} {
		n, bytes := typ.BlockSize(), typ.BlockBytes()
		for _, c := range [][2]int{{2 * n, bytes}, {n, 2 * bytes}, {n, bytes - 1}, {n, bytes + 1}, {0, bytes}} {
			if err := Decode(typ, make([]float32, c[0]), make([]byte, c[1])); !errors.Is(err, ErrLength) {
				t.Errorf("%v: %d values from %d bytes: %v", typ, c[0], c[1], err)
			}
		}
		if err := CheckFinite(typ, make([]byte, bytes+1)); !errors.Is(err, ErrLength) {
			t.Errorf("%v: %v", typ, err)
		}
		if err := Decode(typ, nil, nil); err != nil {
			t.Errorf("%v: nothing at all: %v", typ, err)
		}
	}
	if err := Decode(Type(13), nil, nil); !errors.Is(err, ErrType) {
		t.Error(err)
	}
	if err := CheckFinite(Type(13), nil); !errors.Is(err, ErrType) {
		t.Error(err)
	}
	if _, err := RequantizeQ8(F32, make([]byte, 4)); !errors.Is(err, ErrLength) {
		t.Error(err)
	}
	if s := Type(13).String(); s != "type 13" || Type(13).BlockSize() != 0 || Type(13).BlockBytes() != 0 {
		t.Error(s)
	}
	for _, f := range []func(){func() { Encode(Q8_0, nil, make([]float32, 31)) }, func() { Encode(Q6_K, nil, make([]float32, 256)) }, func() { Encode(Type(13), nil, nil) }} {
		func() {
			defer func() {
				if recover() == nil {
					t.Error("a mistake of the program must panic")
				}
			}()
			f()
		}()
	}
}
