// Package function calls a program: prompt assembly, prefix reuse, label or free-text decoding,
// stop rules, confidence and abort. It is the only place with calling semantics, and they agree with
// the official runtime where that has any (docs/formats.md, "Prompt and decoding"). It promises the
// same bytes on every engine host: no transcendental arithmetic happens here, the engine returns
// probabilities. It fetches, stores and trains nothing.
package function

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"paw/engine"
	"paw/pawfile"
)

// DefaultMaxTokens bounds a free-text answer when the caller sets no limit.
const DefaultMaxTokens = 512

// ErrBase says that a program was compiled for another interpreter file.
var ErrBase = errors.New("function: the program was compiled for another interpreter: recompile it for this one")

// ErrFormat says that a program's answers are to have a form that cannot be kept.
var ErrFormat = errors.New("function: unusable output format")

// Options of Open.
type Options struct {
	// BaseSHA256 is the digest of the loaded base, 64 hex digits. A program that records another
	// one is refused. Empty: not known, not checked.
	BaseSHA256 string
	// Labels replace the labels that the program records (none: keep them).
	Labels []string
	// Prefix makes the prefix, where it need not be computed; nil: the engine's NewPrefix.
	Prefix func(context.Context, engine.Adapter, []int32) (engine.Prefix, error)
}

// Function is a program ready to answer on an engine: adapter attached, prefix computed once.
// It is safe for concurrent use.
type Function struct {
	engine  engine.Engine
	adapter engine.Adapter
	prefix  engine.Prefix

	prompt     Prompt
	labels     *trie   // nil: free text
	power      float64 // that the labels' probabilities are raised to: 1/temperature, 1 when not calibrated
	calibrated bool
	weights    []float32 // of the labels; nil: all alike
	format     format    // what free text is held to

	// AttachTime and PrefixTime are what Open spent on the adapter and on the prefix.
	AttachTime, PrefixTime time.Duration
}

// Open attaches the program's adapter and computes its prefix.
func Open(ctx context.Context, e engine.Engine, p *pawfile.Program, o Options) (*Function, error) {
	if want := p.Meta.BaseSHA256; want != "" && o.BaseSHA256 != "" && want != o.BaseSHA256 {
		return nil, fmt.Errorf("%w (program %s wants base %.12s…, this is %.12s…)", ErrBase, p.Meta.ProgramID, want, o.BaseSHA256)
	}
	f := &Function{engine: e, power: 1, format: &anyText{}, prompt: NewPrompt(e.Tokenizer(), p.Prefix(), p.Suffix())}
	labels := p.Meta.Labels
	if len(o.Labels) > 0 {
		labels = o.Labels
	}
	if len(labels) > 0 {
		t, err := newTrie(e.Tokenizer(), labels, targetPrefixes(p))
		if err != nil {
			return nil, err
		}
		f.labels = t
		if c := p.Meta.Calibration; c != nil && len(o.Labels) == 0 {
			if c.Temperature > 0 {
				f.power, f.calibrated = 1/float64(c.Temperature), true
			}
			f.weights = c.Weights
		}
	}
	var err error
	if f.labels == nil {
		if f.format, err = newFormat(&p.Meta); err != nil {
			return nil, fmt.Errorf("%w: program %s: %w", ErrFormat, p.Meta.ProgramID, err)
		}
	}
	tokens := f.prompt.Before
	if have := e.Geometry().Context; len(tokens) >= have {
		return nil, fmt.Errorf("function: the program's own text: %w", &engine.ContextError{Need: len(tokens) + 1, Have: have})
	}
	started := time.Now()
	if f.adapter, err = e.Attach(ctx, p.AdapterReader()); err != nil {
		return nil, fmt.Errorf("function: program %s: %w", p.Meta.ProgramID, err)
	}
	f.AttachTime = time.Since(started)
	started = time.Now()
	prefix := o.Prefix
	if prefix == nil {
		prefix = e.NewPrefix
	}
	if f.prefix, err = prefix(ctx, f.adapter, tokens); err != nil {
		return nil, errors.Join(fmt.Errorf("function: program %s: %w", p.Meta.ProgramID, err), f.adapter.Close())
	}
	f.PrefixTime = time.Since(started)
	return f, nil
}

// targetPrefixes are the texts that may stand before a label. Our programs record theirs; of
// others we do not know how their compiler wrote targets, so the common variants are summed.
func targetPrefixes(p *pawfile.Program) []string {
	if p.Meta.TargetPrefix != nil {
		return []string{*p.Meta.TargetPrefix}
	}
	return []string{"", " ", "\n"}
}

// Labels the function answers with; nil for free text.
func (f *Function) Labels() []string {
	if f.labels == nil {
		return nil
	}
	return f.labels.labels
}

// PrefixTokens is the length of the part that is computed once.
func (f *Function) PrefixTokens() int { return f.prefix.Len() }

// Prefix is the part that is computed once. It is closed with the function.
func (f *Function) Prefix() engine.Prefix { return f.prefix }

// Close lets go of the adapter and the prefix.
func (f *Function) Close() error { return errors.Join(f.prefix.Close(), f.adapter.Close()) }

// Call options.
type Call struct {
	MaxTokens int     // free text only; 0: DefaultMaxTokens
	Threshold float64 // answers with a lower confidence are marked as abstained
	// Piece, if any, is told the output as it grows: the pieces joined are Answer.Output. A label is one piece.
	Piece func(string)
}

// Stop says why decoding ended.
type Stop string

// Reasons to stop.
const (
	StopEnd    Stop = "end"    // the interpreter ended its answer, or a label was chosen
	StopLimit  Stop = "limit"  // the token limit was reached, or an answer in a format cannot go on
	StopFilled Stop = "filled" // the interpreter's positions are used up
)

// LabelProbability is the share of one label.
type LabelProbability struct {
	Label       string
	Probability float64
}

// Answer of one call.
type Answer struct {
	Output        string             // the label, or the text: a match as it is, other texts stripped of outer white space
	Label         string             // the likeliest label; empty for free text
	Probabilities []LabelProbability // in the program's order of labels; nil for free text
	// Confidence is the label's probability, or for free text the mean probability of its tokens,
	// which says how sure the interpreter was of its words and is not calibrated.
	Confidence float64
	Calibrated bool // the probabilities are tempered: by held-out answers, or where there were too few as is usual for the compiler
	Abstained  bool // the confidence is below Call.Threshold
	Partial    bool // too many labels: the likeliest were looked for first, some others were not scored
	Tokens     int  // tokens run through the interpreter in this call
	Stop       Stop
}

// sound tells whether all probabilities are numbers: weights that are finite each can still overflow together.
func (a *Answer) sound() bool {
	for _, p := range a.Probabilities {
		if math.IsNaN(p.Probability) {
			return false
		}
	}
	return !math.IsNaN(a.Confidence)
}

// Call answers one input.
func (f *Function) Call(ctx context.Context, input string, c Call) (Answer, error) {
	if err := ctx.Err(); err != nil {
		return Answer{}, err
	}
	tokens := f.prompt.Input(input)
	limit := c.MaxTokens
	if limit <= 0 {
		limit = DefaultMaxTokens
	}
	least := 1 // positions that decoding needs at the very least
	if f.labels != nil {
		least = f.labels.depth
		limit = least
	}
	room := f.engine.Geometry().Context - f.prefix.Len() - len(tokens)
	if room < least {
		return Answer{}, fmt.Errorf("function: input of %d tokens: %w", len(tokens),
			&engine.ContextError{Need: f.prefix.Len() + len(tokens) + least, Have: f.engine.Geometry().Context})
	}
	filled := room < limit
	s, err := f.engine.NewSession(ctx, f.prefix, len(tokens)+min(room, limit))
	if err != nil {
		return Answer{}, err
	}
	defer s.Close()
	if err := s.Prefill(ctx, tokens); err != nil {
		return Answer{}, err
	}
	var a Answer
	pieces := stream{tell: c.Piece}
	if f.labels != nil {
		a, err = f.label(ctx, s)
	} else {
		a, err = f.text(ctx, s, min(room, limit), filled, &pieces)
	}
	if err != nil {
		return Answer{}, err
	}
	if !a.sound() {
		return Answer{}, fmt.Errorf("function: %w: with this adapter the interpreter computes no probabilities: compile the program again", engine.ErrUnfinished)
	}
	pieces.upTo(a.Output)
	a.Tokens += len(tokens)
	a.Abstained = a.Confidence < c.Threshold
	return a, nil
}
