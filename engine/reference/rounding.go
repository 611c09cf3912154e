package reference

import (
	"fmt"
	"math"

	"paw/gguf"
)

// This file is the kernel's arithmetic, spelled out: activations rounded to 8 bits per 32 columns,
// float32 sums in the order in which four lanes add. The order matters: an 8-bit rounding turns a
// difference in the last bit into a step of 1/63, and a few layers carry it into the second
// decimal. With the same order the comparison is exact, and any slip in layout, indexing or
// segments shows. What the arithmetic ought to be is the textbook mode's business.

const block = 32

// quants is a matrix in 8-bit blocks along its rows.
type quants struct {
	q      []int8
	scales []float32
}

func quantsOf(t gguf.Type, raw []byte) (*quants, error) {
	var err error
	switch t {
	case gguf.Q8_0:
	case gguf.Q4_0:
		raw = widen(raw)
	default:
		if raw, err = gguf.RequantizeQ8(t, raw); err != nil {
			return nil, fmt.Errorf("reference: %w", err)
		}
	}
	const size = 34
	n := len(raw) / size
	z := &quants{make([]int8, n*block), make([]float32, n)}
	for b := range n {
		p := raw[b*size:]
		if err := gguf.Decode(gguf.F16, z.scales[b:b+1], p[:2]); err != nil {
			return nil, err
		}
		for i := range block {
			z.q[b*block+i] = int8(p[2+i])
		}
	}
	return z, nil
}

// widen turns Q4_0 blocks into Q8_0 blocks with values -8..7.
func widen(raw []byte) []byte {
	var out []byte
	for ; len(raw) >= 18; raw = raw[18:] {
		out = append(out, raw[:2]...)
		for _, v := range raw[2:18] {
			out = append(out, byte(int8(v&15)-8))
		}
		for _, v := range raw[2:18] {
			out = append(out, byte(int8(v>>4)-8))
		}
	}
	return out
}

// rounded is an activation in 7 bits; gain is folded into the scales.
type rounded struct {
	q      []int32
	scales []float32
}

func round(x []float32, gain float32) rounded {
	r := rounded{make([]int32, len(x)), make([]float32, len(x)/block)}
	for b := range r.scales {
		var top float32
		for _, v := range x[b*block : (b+1)*block] {
			top = max(top, float32(math.Abs(float64(v))))
		}
		var inverse float32
		if top > 0 {
			inverse = 63 / top
		}
		r.scales[b] = float32(top/63) * gain
		for i, v := range x[b*block : (b+1)*block] {
			r.q[b*block+i] = int32(math.RoundToEven(float64(v * inverse)))
		}
	}
	return r
}

// multiply adds W x + bias to y.
func (m matrix) multiply(x rounded, y []float32) {
	blocks := m.in / block
	for r := range m.rows {
		var sum float32
		for b := range blocks {
			var dot int32
			at := (r*blocks + b) * block
			for i := range block {
				dot += int32(m.quants.q[at+i]) * x.q[b*block+i]
			}
			sum += float32(float32(dot) * float32(m.quants.scales[r*blocks+b]*x.scales[b]))
		}
		if m.bias != nil {
			sum += m.bias[r]
		}
		y[r] = sum + y[r]
	}
}

// lanes is four partial sums.
type lanes [4]float32

func (l lanes) sum() float32 { return l[0] + l[1] + l[2] + l[3] }

func laneNorm(x, gain, bias []float32, eps float32) []float32 {
	var sum, squares lanes
	n := float32(len(x))
	for i, v := range x {
		sum[i%4] += v
	}
	mean := sum.sum() / n
	for i, v := range x {
		d := v - mean
		squares[i%4] += float32(d * d)
	}
	r := 1 / float32(math.Sqrt(float64(float32(squares.sum()/n)+eps)))
	y := make([]float32, len(x))
	for i, v := range x {
		y[i] = float32(float32((v-mean)*r)*gain[i]) + bias[i]
	}
	return y
}

// exp is the kernel's polynomial (Cephes, single precision).
func exp(x float32) float32 {
	x = max(min(x, 87), -87)
	n := float32(math.RoundToEven(float64(float32(x * 1.44269504))))
	r := float32(x-float32(n*0.693359375)) - float32(n*-2.12194440e-4)
	p := float32(1.9875691500e-4)
	for _, c := range []float32{1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 5.0000001201e-1} {
		p = float32(p*r) + c
	}
	p = float32(float32(float32(p*r)*r)+r) + 1
	return p * math.Float32frombits(uint32(int32(n)+127)<<23)
}

func laneGELU(x []float32) {
	for i, v := range x {
		cubic := 1 + float32(0.044715*float32(v*v))
		u := v * float32(-1.5957691216*cubic)
		x[i] = v / (1 + exp(u))
	}
}

// laneAttend is one head: query and output have dim elements, keys and values are whole rows in
// which the head starts at `at`.
func laneAttend(query []float32, keys, values [][]float32, at int, out []float32) {
	dim := len(query)
	scale := 1 / float32(math.Sqrt(float64(dim)))
	weights := make([]float32, (len(keys)+3)/4*4)
	top := float32(-1e30)
	for j := range weights {
		if j >= len(keys) {
			weights[j] = -1e30
			continue
		}
		var sums [2]lanes
		for i, q := range query {
			sums[i/4%2][i%4] += float32(q * keys[j][at+i])
		}
		for i := range sums[0] {
			sums[0][i] += sums[1][i]
		}
		weights[j] = sums[0].sum() * scale
		top = max(top, weights[j])
	}
	var total lanes
	for j, w := range weights {
		weights[j] = exp(w - top)
		total[j%4] += weights[j]
	}
	inverse := 1 / total.sum()
	for i := range dim {
		var sum float32
		for j := range keys {
			sum += float32(weights[j] * values[j][at+i])
		}
		out[i] = sum * inverse
	}
}
