package finetune

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"paw/arch"
	"paw/gguf"
)

// oracle is GPT-2 with a LoRA written down as its definition, in float64, one
// sequence at a time.
type oracle struct {
	t    *testing.T
	geo  arch.Geometry
	data []byte
	file *gguf.File
}

func (o *oracle) tensor(name string) []float32 {
	t, ok := o.file.Tensor(name)
	if !ok {
		o.t.Fatalf("no tensor %s", name)
	}
	x := make([]float32, t.Elements())
	if err := gguf.Decode(t.Type, x, o.data[t.Offset:t.Offset+t.Bytes]); err != nil {
		o.t.Fatal(err)
	}
	return x
}

func (o *oracle) norm(x []float64, name string) []float64 {
	gain, bias := o.tensor(name+".weight"), o.tensor(name+".bias")
	var mean, variance float64
	for _, v := range x {
		mean += v / float64(len(x))
	}
	for _, v := range x {
		variance += (v - mean) * (v - mean) / float64(len(x))
	}
	y := make([]float64, len(x))
	for i, v := range x {
		y[i] = (v-mean)/math.Sqrt(variance+1e-5)*float64(gain[i]) + float64(bias[i])
	}
	return y
}

// times is W·x, W (len(w)/len(x) rows, len(x) columns).
func times(w []float32, x []float64) []float64 {
	y := make([]float64, len(w)/len(x))
	for r := range y {
		for c, v := range x {
			y[r] += float64(w[r*len(x)+c]) * v
		}
	}
	return y
}

func (o *oracle) linear(x []float64, name string, a *Adapter, pair int) []float64 {
	y := times(o.tensor(name+".weight"), x)
	low := times(a.Pairs[pair].B, times(a.Pairs[pair].A, x))
	for i, b := range o.tensor(name + ".bias") {
		y[i] += float64(b) + float64(a.scale())*low[i]
	}
	return y
}

// states are those of every position after every layer, before the final norm.
func (o *oracle) states(tokens []int32, a *Adapter) (after [][][]float64) {
	D, heads := o.geo.Width, o.geo.Heads
	dim := D / heads
	embed, positions := o.tensor("token_embd.weight"), o.tensor("position_embd.weight")
	x := make([][]float64, len(tokens))
	for t, id := range tokens {
		x[t] = make([]float64, D)
		for i := range D {
			x[t][i] = float64(embed[int(id)*D+i]) + float64(positions[t*D+i])
		}
	}
	for l := range o.geo.Layers {
		blk := fmt.Sprintf("blk.%d.", l)
		qkv := make([][]float64, len(x))
		for t := range x {
			qkv[t] = o.linear(o.norm(x[t], blk+"attn_norm"), blk+"attn_qkv", a, l*modules+attnQKV)
		}
		for t := range x {
			mixed := make([]float64, D)
			for h := range heads {
				p, sum := make([]float64, t+1), 0.0
				for s := range p {
					for i := h * dim; i < (h+1)*dim; i++ {
						p[s] += qkv[t][i] * qkv[s][D+i]
					}
					p[s] = math.Exp(p[s] / math.Sqrt(float64(dim)))
					sum += p[s]
				}
				for s := range p {
					for i := h * dim; i < (h+1)*dim; i++ {
						mixed[i] += p[s] / sum * qkv[s][2*D+i]
					}
				}
			}
			for i, v := range o.linear(mixed, blk+"attn_output", a, l*modules+attnOutput) {
				x[t][i] += v
			}
		}
		for t := range x {
			up := o.linear(o.norm(x[t], blk+"ffn_norm"), blk+"ffn_up", a, l*modules+ffnUp)
			for i, v := range up {
				up[i] = v / 2 * (1 + math.Tanh(math.Sqrt(2/math.Pi)*(v+0.044715*v*v*v)))
			}
			for i, v := range o.linear(up, blk+"ffn_down", a, l*modules+ffnDown) {
				x[t][i] += v
			}
		}
		var copied [][]float64
		for t := range x {
			copied = append(copied, slices.Clone(x[t]))
		}
		after = append(after, copied)
	}
	return after
}

// loss is −Σ log P(token) over the last targets tokens.
func (o *oracle) loss(tokens []int32, targets int, a *Adapter) float64 {
	after, embed := o.states(tokens, a), o.tensor("token_embd.weight")
	x := after[len(after)-1]
	var loss float64
	for t := len(tokens) - targets; t < len(tokens); t++ {
		logits := times(embed, o.norm(x[t-1], "output_norm"))
		var sum float64
		for _, v := range logits {
			sum += math.Exp(v)
		}
		loss += math.Log(sum) - logits[tokens[t]]
	}
	return loss
}

func TestLossesMatchTheDefinition(t *testing.T) {
	g := tiny
	g.Layers, g.Heads = 2, 2
	for _, matrices := range []gguf.Type{gguf.F32, gguf.Q8_0} {
		data := randomBase(t, g, matrices, 1)
		f, err := gguf.Parse(bytes.NewReader(data), int64(len(data)))
		if err != nil {
			t.Fatal(err)
		}
		m, err := LoadModel(bytes.NewReader(data), int64(len(data)))
		if err != nil {
			t.Fatal(err)
		}
		groups := randomGroups(g)
		groups[0].Prefix = groups[0].Prefix[:20] // the oracle is slow
		a := randomAdapter(g, 32)
		losses, err := m.CaseLosses(t.Context(), groups, a)
		if err != nil {
			t.Fatal(err)
		}
		o := &oracle{t, g, data, f}
		worst := 0.0
		for i, group := range groups {
			for j, c := range group.Cases {
				tokens := append(append([]int32(nil), group.Prefix...), c.Tokens...)
				want := o.loss(tokens, c.Targets, a)
				d := math.Abs(losses[i][j]-want) / want
				worst = max(worst, d)
				if d > 1e-4 {
					t.Errorf("%v, group %d, case %d: loss %.6f, by definition %.6f", matrices, i, j, losses[i][j], want)
				}
			}
		}
		t.Logf("%v: losses differ by at most %.1g of their size", matrices, worst)
	}
}

func TestStatesMatchTheDefinition(t *testing.T) {
	data := randomBase(t, tiny, gguf.F32, 1)
	f, err := gguf.Parse(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	m, err := LoadModel(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	tokens := randomTokens(rand.New(rand.NewPCG(8, 9)), tiny.Vocab, 70)
	const rows = 5
	got, err := m.States(tokens, rows, []int{2, 0, 1})
	if err != nil {
		t.Fatal(err)
	}
	o := &oracle{t, tiny, data, f}
	after := o.states(tokens, NewAdapter(tiny, 32, 16))
	worst := 0.0
	for i, layer := range []int{2, 0, 1} {
		for r := range rows {
			want := after[layer][len(tokens)-rows+r]
			if layer == 2 {
				want = o.norm(want, "output_norm")
			}
			for d, v := range want {
				worst = max(worst, math.Abs(v-float64(got[i][r*tiny.Width+d])))
			}
		}
	}
	t.Logf("states differ by at most %.1g", worst)
	if worst > 1e-4 {
		t.Error("the encoder's states stray from the definition")
	}
	for name, bad := range map[string]func() error{
		"no rows":        func() error { _, err := m.States(tokens, 0, []int{0}); return err },
		"too many rows":  func() error { _, err := m.States(tokens[:3], 4, []int{0}); return err },
		"too many":       func() error { _, err := m.States(make([]int32, tiny.Context+1), 1, []int{0}); return err },
		"unknown tokens": func() error { _, err := m.States([]int32{int32(tiny.Vocab)}, 1, []int{0}); return err },
		"no such layer":  func() error { _, err := m.States(tokens, 1, []int{3}); return err },
	} {
		if err := bad(); !errors.Is(err, ErrData) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
