// Package reference is the oracle: GPT-2 with a low-rank adapter in plain Go, one token at a time,
// readable before fast. It promises the textbook result in float64 sums over dequantised weights
// and, with Quantize, the kernel's 8-bit activations and order of sums (rounding.go). Tests compare
// every other engine with it; nothing else should use it.
package reference

import (
	"errors"
	"fmt"
	"math"

	"paw/arch"
	"paw/engine"
	"paw/gguf"
	"paw/tokenizer"
)

// matrix is (rows × in), row-major.
type matrix struct {
	w        []float32
	quants   *quants // the same weights in 8 bits, for Quantize
	in, rows int
	bias     []float32 // rows, or nil
}

type layer struct {
	attnNormGain, attnNormBias []float32
	ffnNormGain, ffnNormBias   []float32
	module                     [4]matrix // arch's order: qkv, attention output, ffn up, ffn down
}

// Engine is a base in float32. It implements engine.Engine.
type Engine struct {
	// Quantize computes as the kernel does: see rounding.go.
	Quantize bool

	geometry  arch.Geometry
	tokenizer *tokenizer.Tokenizer
	layers    []layer
	embed     matrix
	output    matrix
	position  []float32 // context × width
	normGain  []float32
	normBias  []float32
}

// Load reads a gpt2 base.
func Load(src engine.Source) (*Engine, error) {
	f, err := gguf.Parse(src, src.Size())
	if err != nil {
		return nil, fmt.Errorf("reference: base: %w", err)
	}
	g, err := arch.FromGGUF(f)
	if err != nil {
		return nil, fmt.Errorf("reference: base: %w", err)
	}
	if g.Arch != "gpt2" {
		return nil, fmt.Errorf("reference: base: architecture %q is not gpt2", g.Arch)
	}
	e := &Engine{geometry: g}
	if e.tokenizer, err = tokenizer.FromGGUF(f); err != nil {
		return nil, fmt.Errorf("reference: base: %w", err)
	}
	var failed error
	read := func(name string) []float32 {
		t, ok := f.Tensor(name)
		if !ok {
			failed = errors.Join(failed, fmt.Errorf("reference: base: tensor %s is missing", name))
			return nil
		}
		v, err := values(src, t)
		failed = errors.Join(failed, err)
		return v
	}
	weight := func(name string, in int) matrix {
		t, _ := f.Tensor(name)
		m, err := weights(src, t)
		if err != nil {
			failed = errors.Join(failed, err)
		}
		return m
	}
	for i := range g.Layers {
		p := fmt.Sprintf("blk.%d.", i)
		l := layer{
			attnNormGain: read(p + "attn_norm.weight"), attnNormBias: read(p + "attn_norm.bias"),
			ffnNormGain: read(p + "ffn_norm.weight"), ffnNormBias: read(p + "ffn_norm.bias"),
		}
		for j, m := range g.Modules() {
			l.module[j] = weight(p+m.GGUF+".weight", m.In)
			l.module[j].bias = read(p + m.GGUF + ".bias")
		}
		e.layers = append(e.layers, l)
	}
	e.embed = weight("token_embd.weight", g.Width)
	e.output = e.embed
	if !g.TiedOutput {
		e.output = weight("output.weight", g.Width)
	}
	e.position, e.normGain, e.normBias = read("position_embd.weight"), read("output_norm.weight"), read("output_norm.bias")
	return e, failed
}

func raw(src engine.Source, t gguf.Tensor) ([]byte, error) {
	b := make([]byte, t.Bytes)
	if n, err := src.ReadAt(b, t.Offset); n < len(b) {
		return nil, fmt.Errorf("reference: tensor %s: %w", t.Name, err)
	}
	if err := gguf.CheckFinite(t.Type, b); err != nil {
		return nil, fmt.Errorf("reference: tensor %s: %w", t.Name, err)
	}
	return b, nil
}

func values(src engine.Source, t gguf.Tensor) ([]float32, error) {
	b, err := raw(src, t)
	if err != nil {
		return nil, err
	}
	v := make([]float32, t.Elements())
	if err := gguf.Decode(t.Type, v, b); err != nil {
		return nil, fmt.Errorf("reference: tensor %s: %w", t.Name, err)
	}
	return v, nil
}

func weights(src engine.Source, t gguf.Tensor) (matrix, error) {
	b, err := raw(src, t)
	if err != nil {
		return matrix{}, err
	}
	m := matrix{in: int(t.Dims[0]), rows: int(t.Dims[1])}
	if m.w, err = values(src, t); err != nil {
		return matrix{}, err
	}
	m.quants, err = quantsOf(t.Type, b)
	return m, err
}

// product adds W x + bias to y.
func (m matrix) product(x, y []float32) {
	for r := range m.rows {
		var sum float64
		for i, w := range m.w[r*m.in : (r+1)*m.in] {
			sum += float64(w) * float64(x[i])
		}
		if m.bias != nil {
			sum += float64(m.bias[r])
		}
		y[r] += float32(sum)
	}
}

func layerNorm(x, gain, bias []float32, eps float32) []float32 {
	var mean, squares float64
	for _, v := range x {
		mean += float64(v)
	}
	mean /= float64(len(x))
	for _, v := range x {
		squares += (float64(v) - mean) * (float64(v) - mean)
	}
	r := 1 / math.Sqrt(squares/float64(len(x))+float64(eps))
	y := make([]float32, len(x))
	for i, v := range x {
		y[i] = float32((float64(v)-mean)*r*float64(gain[i]) + float64(bias[i]))
	}
	return y
}

func gelu(x []float32) {
	for i, v := range x {
		u := float64(v)
		x[i] = float32(0.5 * u * (1 + math.Tanh(math.Sqrt(2/math.Pi)*(u+0.044715*u*u*u))))
	}
}

// apply adds W x + bias to y, in the engine's arithmetic.
func (e *Engine) apply(m matrix, x []float32, gain float32, y []float32) {
	if e.Quantize {
		m.multiply(round(x, gain), y)
		return
	}
	scaled := make([]float32, len(x))
	for i, v := range x {
		scaled[i] = v * gain
	}
	m.product(scaled, y)
}

func (e *Engine) norm(x, gain, bias []float32) []float32 {
	if e.Quantize {
		return laneNorm(x, gain, bias, e.geometry.NormEps)
	}
	return layerNorm(x, gain, bias, e.geometry.NormEps)
}

// logProbs is the log softmax of the output rows for a hidden state.
func (e *Engine) logProbs(hidden []float32) []float64 {
	logits := make([]float32, e.geometry.Vocab)
	e.apply(e.output, hidden, 1, logits)
	return logSoftmax(logits)
}

func logSoftmax(logits []float32) []float64 {
	top := math.Inf(-1)
	for _, z := range logits {
		top = max(top, float64(z))
	}
	var sum float64
	for _, z := range logits {
		sum += math.Exp(float64(z) - top)
	}
	out := make([]float64, len(logits))
	for i, z := range logits {
		out[i] = float64(z) - top - math.Log(sum)
	}
	return out
}
