package nn

import "math"

// The vector operations below run in assembly over the multiple of 8 at the
// front and in Go over the rest; without assembly all of it is Go.

// head is the length of x that the assembly takes.
func head(n int) int {
	if useAVX2 {
		return n &^ 7
	}
	return 0
}

// Add computes y += a·x.
func Add(y []float32, a float32, x []float32) {
	y = y[:len(x)]
	h := head(len(x))
	if h > 0 {
		axpyAVX2(a, &x[0], &y[0], h)
	}
	for i := h; i < len(x); i++ {
		y[i] += a * x[i]
	}
}

// Mul computes y *= x.
func Mul(y, x []float32) {
	y = y[:len(x)]
	h := head(len(x))
	if h > 0 {
		mulAVX2(&y[0], &x[0], h)
	}
	for i := h; i < len(x); i++ {
		y[i] *= x[i]
	}
}

// Scale computes x *= a.
func Scale(x []float32, a float32) {
	h := head(len(x))
	if h > 0 {
		scaleAVX2(a, &x[0], h)
	}
	for i := h; i < len(x); i++ {
		x[i] *= a
	}
}

// Dot is the sum of x·y.
func Dot(x, y []float32) float32 {
	y = y[:len(x)]
	var s float32
	h := head(len(x))
	if h > 0 {
		s = dotAVX2(&x[0], &y[0], h)
	}
	for i := h; i < len(x); i++ {
		s += x[i] * y[i]
	}
	return s
}

// Sum is the sum of x.
func Sum(x []float32) float32 {
	var s float32
	h := head(len(x))
	if h > 0 {
		s = sumAVX2(&x[0], h)
	}
	for _, v := range x[h:] {
		s += v
	}
	return s
}

// maxOf is the greatest element of a non-empty x.
func maxOf(x []float32) float32 {
	m := x[0]
	h := head(len(x))
	if h > 0 {
		m = maxAVX2(&x[0], h)
	}
	for _, v := range x[h:] {
		m = max(m, v)
	}
	return m
}

// expSum replaces x by exp(x − shift) and returns the sum.
func expSum(x []float32, shift float32) float32 {
	var s float32
	h := head(len(x))
	if h > 0 {
		s = expSumAVX2(&x[0], shift, h)
	}
	for i, v := range x[h:] {
		e := exp(v - shift)
		x[h+i] = e
		s += e
	}
	return s
}

// exp in float32, relative error about 1e-7 (Cephes' expf; the assembly uses
// the same polynomial). Arguments are clamped to [-87.3, 87]: no infinity and
// no zero comes out.
func exp(x float32) float32 {
	x = min(max(x, -87.33655), 87)
	const round = 1.5 * (1 << 23) // adding it rounds to the nearest integer
	n := float32(x*math.Log2E+round) - round
	f := x - n*0.693359375
	f -= n * -2.12194440e-4
	p := float32(1.9875691500e-4)
	p = p*f + 1.3981999507e-3
	p = p*f + 8.3334519073e-3
	p = p*f + 4.1665795894e-2
	p = p*f + 1.6666665459e-1
	p = p*f + 5.0000001201e-1
	p = p*f + 1
	p = p*f + 1
	return p * math.Float32frombits(uint32(int32(n)+127)<<23)
}
