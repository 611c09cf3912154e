package nn

import "math"

// Below this many elements a row operation stays on the calling goroutine.
const rowsSerialBelow = 1 << 14

// overRows calls f over pieces of [0, rows).
func overRows(rows, width int, f func(lo, hi int)) {
	if rows*width < rowsSerialBelow {
		f(0, rows)
		return
	}
	Parallel(rows, f)
}

// LayerNorm normalises each row of x (rows × width): with mean and variance of
// the row, norm = (x − mean)·rstd and dst = norm·gain + bias. norm and rstd
// (one per row) are what the gradient needs; both may be nil. dst may be x.
func LayerNorm(dst, norm, rstd, x, gain, bias []float32, rows, width int, eps float32) {
	overRows(rows, width, func(lo, hi int) {
		for r := lo; r < hi; r++ {
			xr, out := x[r*width:(r+1)*width], dst[r*width:(r+1)*width]
			mean := Sum(xr) / float32(width)
			for i, v := range xr {
				out[i] = v - mean
			}
			ss := Dot(out, out)
			s := float32(1 / math.Sqrt(float64(ss/float32(width)+eps)))
			if norm != nil {
				n := norm[r*width : (r+1)*width]
				for i, d := range out {
					n[i] = d * s
				}
				rstd[r] = s
			}
			g, b := gain[:len(out)], bias[:len(out)]
			for i, d := range out {
				out[i] = d*s*g[i] + b[i]
			}
		}
	})
}

// LayerNormBackward adds the gradient of the input to dx, given that of the
// output. dy is overwritten.
func LayerNormBackward(dx, dy, norm, rstd, gain []float32, rows, width int) {
	overRows(rows, width, func(lo, hi int) {
		for r := lo; r < hi; r++ {
			d, n := dy[r*width:(r+1)*width], norm[r*width:(r+1)*width]
			o := dx[r*width : (r+1)*width]
			Mul(d, gain[:width])
			mean := Sum(d) / float32(width)
			proj := Dot(d, n) / float32(width)
			s := rstd[r]
			for i, v := range d {
				o[i] += s * (v - mean - n[i]*proj)
			}
		}
	})
}

// Softmax replaces the row x by its softmax.
func Softmax(x []float32) {
	if len(x) > 0 {
		Scale(x, 1/expSum(x, maxOf(x)))
	}
}

// SoftmaxBackward replaces d, the gradient of the probabilities p, by the
// gradient of the scores before a factor: d = scale · p · (d − Σ p·d).
func SoftmaxBackward(d, p []float32, scale float32) {
	p = p[:len(d)]
	dot := Dot(p, d)
	h := head(len(d))
	if h > 0 {
		softmaxGradAVX2(&d[0], &p[0], dot, scale, h)
	}
	for i := h; i < len(d); i++ {
		d[i] = scale * p[i] * (d[i] - dot)
	}
}

// GELU computes the tanh form, dst = x/2 · (1 + tanh(√(2/π)(x + 0.044715x³))),
// and its derivative in slope: the backward pass is then Mul(dy, slope). dst
// or slope may be x itself, not both.
func GELU(dst, slope, x []float32) {
	if len(x) < rowsSerialBelow {
		gelu(dst, slope, x)
		return
	}
	const piece = 1024
	Parallel((len(x)+piece-1)/piece, func(lo, hi int) {
		lo, hi = lo*piece, min(hi*piece, len(x))
		gelu(dst[lo:hi], slope[lo:hi], x[lo:hi])
	})
}

func gelu(dst, slope, x []float32) {
	dst, slope = dst[:len(x)], slope[:len(x)]
	h := head(len(x))
	if h > 0 {
		geluAVX2(&dst[0], &slope[0], &x[0], h)
	}
	// x/2·(1+tanh u) = x·s with s = 1/(1+exp(−2u)); 2u = x·(k1 + k2·x²).
	const k1, k2 = 1.5957691216057308, 1.5957691216057308 * 0.044715
	for i := h; i < len(x); i++ {
		v := x[i]
		s := 1 / (1 + exp(-v*(k1+k2*v*v)))
		dst[i] = v * s
		slope[i] = s + v*s*(1-s)*(k1+3*k2*v*v)
	}
}

// CrossEntropy takes rows of logits (len(targets) × vocab) and sets losses[i]
// to −log softmax(row i)[targets[i]]. The logits are replaced by the gradient
// of Σ weights[i]·losses[i].
func CrossEntropy(losses []float64, logits []float32, vocab int, targets []int32, weights []float32) {
	overRows(len(targets), vocab, func(lo, hi int) {
		for r := lo; r < hi; r++ {
			row := logits[r*vocab : (r+1)*vocab]
			t := targets[r]
			top, want := maxOf(row), row[t]
			sum := expSum(row, top)
			losses[r] = math.Log(float64(sum)) + float64(top-want)
			Scale(row, weights[r]/sum)
			row[t] -= weights[r]
		}
	})
}
