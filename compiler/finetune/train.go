// Package finetune compiles by gradient descent: it trains a LoRA through a
// frozen GPT-2 interpreter on the examples of a spec.
//
// The trainer (Model, Group, Options, Adapter) computes in float32 on package
// nn with hand-written gradients. It is deterministic for one seed on one
// machine, can be cancelled between micro-batches, and keeps its memory within
// what Options.BatchTokens allows. It does not read specs, make prompts,
// measure accuracy or write programs: the files above it in this package do.
package finetune

import (
	"context"
	"errors"
	"fmt"
	"math"

	"paw/nn"
)

// Options of a training. Zero values take the defaults in parentheses.
type Options struct {
	Rank  int     // multiple of 32 (that of WarmStart, else 32)
	Alpha float32 // (that of WarmStart, else 16)
	Steps int     // 0 trains nothing: the result is WarmStart, or the zero adapter
	LR    float32 // peak of the cosine (1e-3)
	Decay float32 // decoupled weight decay
	Seed  uint64

	WarmStart *Adapter // start from a copy of it; else A random, B zero

	// CasesPerStep is how many cases a step sees, drawn without replacement
	// from shuffled passes over the data (all).
	CasesPerStep int
	// BatchTokens bounds the rows computed at once, and with them the memory:
	// larger steps are cut into micro-batches, their gradients added (1024).
	// A single case with its prefix always passes.
	BatchTokens int

	// Eval is called after every EvalEvery (1) steps with the adapter, which
	// must be neither kept nor changed. Returning true ends the training.
	Eval      func(step int, a *Adapter) (stop bool)
	EvalEvery int
}

// ErrDiverged means that the loss stopped being a number.
var ErrDiverged = errors.New("the loss is not finite: lower the learning rate")

const (
	defaultRank        = 32
	defaultAlpha       = 16
	defaultLR          = 1e-3
	defaultBatchTokens = 1024
	maxGradient        = 1 // global norm to which gradients are clipped
)

func (o *Options) setDefaults() error {
	if w := o.WarmStart; w != nil {
		if o.Rank == 0 {
			o.Rank = w.Rank
		}
		if o.Alpha == 0 {
			o.Alpha = w.Alpha
		}
		if o.Rank != w.Rank || o.Alpha != w.Alpha {
			return fmt.Errorf("finetune: rank %d, alpha %g asked for, the warm start has %d, %g", o.Rank, o.Alpha, w.Rank, w.Alpha)
		}
	}
	setDefault(&o.Rank, defaultRank)
	setDefault(&o.Alpha, defaultAlpha)
	setDefault(&o.LR, defaultLR)
	setDefault(&o.BatchTokens, defaultBatchTokens)
	setDefault(&o.EvalEvery, 1)
	if o.Rank < 32 || o.Rank > 128 || o.Rank%32 != 0 {
		return fmt.Errorf("finetune: rank %d: must be 32, 64, 96 or 128 (Q4_0 blocks lie along the rank)", o.Rank)
	}
	return nil
}

func setDefault[T comparable](v *T, d T) {
	var zero T
	if *v == zero {
		*v = d
	}
}

// Train fits an adapter to the cases. progress, when given, receives the loss
// before each step (mean negative log-likelihood per target token) and runs on
// the calling goroutine. On cancellation the error wraps ctx.Err().
func (m *Model) Train(ctx context.Context, groups []Group, opt Options, progress func(step int, loss float64)) (*Adapter, error) {
	if err := opt.setDefaults(); err != nil {
		return nil, err
	}
	if err := checkGroups(m.geo, groups); err != nil {
		return nil, err
	}
	a := NewAdapter(m.geo, opt.Rank, opt.Alpha)
	if w := opt.WarmStart; w != nil {
		if err := w.fits(m.geo); err != nil {
			return nil, err
		}
		copy(a.flat, w.flat)
	}
	if opt.Steps <= 0 || len(allRefs(groups)) == 0 {
		return a, ctx.Err()
	}
	if opt.WarmStart == nil {
		a.randomise(m.geo, opt.Seed)
	}
	t := m.newTrainer(groups, opt, a)
	for step := 1; step <= opt.Steps; step++ {
		loss, err := t.step(ctx, step)
		if err != nil {
			return nil, fmt.Errorf("step %d of %d: %w", step, opt.Steps, err)
		}
		if progress != nil {
			progress(step, loss)
		}
		if opt.Eval != nil && step%opt.EvalEvery == 0 && opt.Eval(step, a) {
			break
		}
	}
	return a, nil
}

// trainer is the state of one training.
type trainer struct {
	m       *Model
	opt     Options
	adapter *Adapter
	grad    *Adapter
	adam    *nn.AdamW
	sampler sampler
	ws      *workspace
}

func (m *Model) newTrainer(groups []Group, opt Options, a *Adapter) *trainer {
	return &trainer{m: m, opt: opt, adapter: a,
		grad:    a.blank(),
		adam:    nn.NewAdamW(len(a.flat), opt.Decay),
		sampler: newSampler(groups, opt),
	}
}

// step runs one optimiser step and returns the loss before it.
func (t *trainer) step(ctx context.Context, step int) (float64, error) {
	batches, err := t.sampler.next()
	if err != nil {
		return 0, err
	}
	var weight float64
	for _, b := range batches {
		for _, target := range b.targets {
			weight += float64(target.weight)
		}
		if t.ws == nil || !t.m.fits(t.ws, b) {
			t.ws = nil // let go of the old memory before asking for the new
			t.ws = t.m.newWorkspace(batches, t.opt.Rank, true)
		}
	}
	clear(t.grad.flat)
	var loss float64
	for _, b := range batches {
		if err := ctx.Err(); err != nil {
			return 0, fmt.Errorf("finetune: %w", err)
		}
		sum, err := t.m.gradients(t.ws, b, t.adapter, t.grad, float32(1/weight))
		if err != nil {
			return 0, err
		}
		loss += sum / weight
	}
	size := math.Sqrt(nn.SumSquares(t.grad.flat))
	clip := float32(1)
	if size > maxGradient {
		clip = float32(maxGradient / size)
	}
	t.adam.Step(t.adapter.flat, t.grad.flat, t.rate(step), clip)
	return loss, nil
}

// rate rises linearly over the first twentieth of the steps and falls along a cosine that reaches nought one step after
// the last: of a few steps none is wasted.
func (t *trainer) rate(step int) float32 {
	warm := max(1, t.opt.Steps/20)
	if step < warm {
		return t.opt.LR * float32(step) / float32(warm)
	}
	done := float64(step-warm) / float64(t.opt.Steps-warm+1)
	return t.opt.LR * float32((1+math.Cos(math.Pi*done))/2)
}

// gradients adds the gradient of scale · Σ weight·loss to grad and returns
// the sum itself.
func (m *Model) gradients(ws *workspace, b *batch, a, grad *Adapter, scale float32) (float64, error) {
	m.layout(ws, b)
	m.forward(ws, b, a)
	m.score(ws, b, scale, true)
	sum, err := ws.sum(b)
	if err != nil {
		return 0, err
	}
	m.backward(ws, b, a, grad)
	return sum, nil
}
