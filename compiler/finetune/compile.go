// This file and its neighbours evidence.go, prompt.go, rename.go and evaluate.go are the compiler around the
// trainer: from a spec to a program with a report.

package finetune

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"paw/compiler"
	"paw/compiler/pseudo"
	"paw/compiler/report"
	"paw/engine"
	"paw/function"
	"paw/pawfile"
)

// Base is the frozen interpreter that programs are trained for.
type Base struct {
	RuntimeID   string // "paw-mini-1", "gpt2-q8_0", or a name made from the file
	Interpreter string // meta.json's interpreter
	SHA256      string // of the file, 64 hex digits
	Source      engine.Source
	Engine      engine.Engine // the same file, loaded: measures programs, tokenises
}

const smallWidth = 512 // of an interpreter like the mini

// settings are a base's defaults of a training and the division of its examples.
//
// On fourteen development tasks (sixteen examples each, 312 cases) the mini's programs answered 80 % right
// with none shown and all trained, 83 % with three shown and the rest trained, 74 to 79 % with six; 76 %
// with six shown and no training at all.
//
// A training that begins from a Start takes the same, but for rank and alpha, which are the Start's.
//
// A brief one was chosen for paw-mini-6 on 100 development programs, five examples each on average, and on the catalogue,
// twelve to twenty each: without any step 56.4 and 57.5 % right, with four at 4e-3 67.3 and 66.6, eight at 3e-3 70.7 and
// 73.7. More than six, and a report takes over two seconds on two cores. With paw-mini-7 six at 3e-3 have 71.8 and 71.8,
// at 3.5e-3 70.9 and 73.1, at 4e-3 71.2 and 73.7. It divides few examples in two and only up to eight, because prompts are
// most of what it computes: with paw-mini-5 69.1 % right, with up to twelve in four parts 69.2.
func settings(width int, e Effort) (o Options, d division) {
	const alpha = 16
	if width > smallWidth {
		return Options{Rank: 64, Alpha: alpha, Steps: 40, LR: 1e-3, Seed: 1}, division{show: 6, few: 12, parts: 4}
	}
	if e == Brief {
		return Options{Rank: 32, Alpha: alpha, Steps: 6, LR: 3.5e-3, Seed: 1}, division{show: 3, few: 8, parts: 2}
	}
	return Options{Rank: 32, Alpha: alpha, Steps: 30, LR: 1.5e-3, Seed: 1}, division{show: 3, few: 12, parts: 4}
}

// Effort says how long a program is trained on the examples of its spec.
type Effort int

const (
	Forward Effort = iota // not at all: the Start alone
	Brief                 // a few long steps, tenths of a second
	Full
)

// Start makes an adapter without training, from what a spec says: a neural compiler. pseudoProgram is
// the text that the interpreter will read beside it, examples are the ones it may learn from. It is safe for concurrent use.
type Start interface {
	Adapter(spec pseudo.Spec, examples []pseudo.Example, pseudoProgram string) (*Adapter, error)
	Snapshot() string     // names the weights
	Temperature() float32 // calibrates programs whose spec has too few examples to fit one; 0: unknown
}

// Compiler trains a LoRA for every spec, or lets a Start make it. It implements compiler.Compiler.
type Compiler struct {
	name   string
	base   Base
	start  Start // nil: training begins from chance
	effort Effort
	raw    bool // labels are not weighed

	load  sync.Once
	model *Model
	err   error
}

// New returns a compiler for one base. Its weights are expanded on the first compile.
func New(name string, base Base) *Compiler { return &Compiler{name: name, base: base, effort: Full} }

// NewFrom returns a compiler whose adapters come from start and are trained on from there, on the
// spec's examples where it has some.
func NewFrom(name string, base Base, start Start, e Effort) *Compiler {
	return &Compiler{name: name, base: base, start: start, effort: e}
}

// NewControl returns what a neural compiler is measured against: every program gets the same start and
// nothing else, so that it shows what the interpreter does by itself.
func NewControl(name string, base Base, start Start) *Compiler {
	return &Compiler{name: name, base: base, start: start, raw: true}
}

// Name in the registry.
func (c *Compiler) Name() string { return c.name }

// Snapshot names this version of the method and the base: another snapshot may give another program.
func (c *Compiler) Snapshot() string {
	if c.start != nil {
		return fmt.Sprintf("%s-9-%.8s-%s", c.name, c.base.SHA256, c.start.Snapshot())
	}
	return fmt.Sprintf("%s-9-%.8s", c.name, c.base.SHA256)
}

// kind is meta.json's compiler_kind: what made the numbers last.
func (j *job) kind(examples int) string {
	if j.start == nil || j.trains(examples) {
		return "finetune_lora"
	}
	return "mapper_lora"
}

// trains tells whether a program with so many examples takes gradient steps.
func (j *job) trains(examples int) bool { return j.effort != Forward && examples > 0 }

func (c *Compiler) weights() (*Model, error) {
	c.load.Do(func() { c.model, c.err = LoadModel(c.base.Source, c.base.Source.Size()) })
	return c.model, c.err
}

// Compile implements compiler.Compiler.
func (c *Compiler) Compile(ctx context.Context, r compiler.Request, progress func(compiler.Event)) (*pawfile.Program, error) {
	started := time.Now()
	if progress == nil {
		progress = func(compiler.Event) {}
	}
	progress(compiler.Event{Stage: compiler.StageParse})
	spec, err := pseudo.Parse(r.Spec)
	if err != nil {
		return nil, err
	}
	j := &job{Compiler: c, spec: spec, tell: progress}
	j.options, j.division = settings(c.base.Engine.Geometry().Width, c.effort)
	if r.Steps > 0 {
		j.options.Steps = r.Steps
	}
	if r.Seed != 0 {
		j.options.Seed = r.Seed
	}
	if r.BatchTokens > 0 {
		j.options.BatchTokens = r.BatchTokens
	}
	if err := j.check(); err != nil {
		return nil, err
	}
	p, evidence, err := j.run(ctx, !r.SkipEvaluation)
	if err != nil {
		return nil, err
	}
	return j.finish(p, evidence, time.Since(started))
}

// job is one compilation.
type job struct {
	*Compiler
	spec     pseudo.Spec
	options  Options
	division division

	trainings int // in all: the program's and one a fold

	telling sync.Mutex
	tell    func(compiler.Event)
	steps   int // taken in all trainings
}

// progress tells one event at a time.
func (j *job) progress(e compiler.Event) {
	j.telling.Lock()
	defer j.telling.Unlock()
	j.tell(e)
}

// stepped tells that a training took a step. The steps of trainings beside each other are counted together, so that
// nobody sees the work go back.
func (j *job) stepped(loss float64) {
	j.telling.Lock()
	defer j.telling.Unlock()
	each := j.options.Steps
	j.tell(compiler.Event{Stage: compiler.StageTrain, Step: j.steps%each + 1, Total: each, Loss: loss, Part: j.steps/each + 1, Parts: j.trainings})
	j.steps++
}

// ErrExamples says that a spec's examples cannot be learned.
var ErrExamples = errors.New("finetune: unusable examples")

// check finds what cannot work before anything is computed.
func (j *job) check() error {
	have := j.base.Engine.Geometry().Context
	bare := j.prompt(nil)
	if n := len(bare.Before); n >= have {
		return fmt.Errorf("finetune: the instructions: %w: %w", compiler.ErrContext, &engine.ContextError{Need: n + 1, Have: have})
	}
	for i, e := range j.spec.Examples {
		if n := len(bare.Before) + len(bare.Input(e.Input)) + len(j.target(e.Output)); n > have {
			return fmt.Errorf("%w: example %d: %w: %w", ErrExamples, i+1, compiler.ErrContext, &engine.ContextError{Need: n, Have: have})
		}
	}
	return nil
}

// program trains on examples and assembles the result: Q4_0 adapter, prompt, meta.
func (j *job) program(ctx context.Context, examples []pseudo.Example) (*pawfile.Program, error) {
	shown := shownAtRunTime(examples, j.spec.Labels, j.division.show)
	text := j.pseudoProgram(j.fitting(prompted{shown, examples}))
	trained, err := j.adapter(ctx, examples, text)
	if err != nil {
		return nil, err
	}
	g := j.base.Engine.Geometry()
	adapter, err := trained.GGUF(g)
	if err != nil {
		return nil, err
	}
	prefix := targetPrefix
	p := &pawfile.Program{
		Meta: pawfile.Meta{
			Version:               4,
			ProgramID:             pawfile.ID(j.spec.Text, j.Snapshot(), j.base.SHA256),
			Spec:                  j.spec.Text,
			Interpreter:           j.base.Interpreter,
			CompilerSnapshot:      j.Snapshot(),
			CompilerFingerprint:   j.Snapshot(),
			CompilerKind:          j.kind(len(examples)),
			PseudoProgramStrategy: "template",
			RuntimeID:             j.base.RuntimeID,
			LoraRank:              trained.Rank,
			LoraAlpha:             float64(trained.Alpha),
			BaseSHA256:            j.base.SHA256,
			Warnings:              j.spec.Warnings,
			Labels:                j.spec.Labels,
			LabelsInferred:        j.spec.LabelsInferred,
			TargetPrefix:          &prefix,
		},
		Template:      pseudo.Template(text),
		PseudoProgram: text,
		Adapter:       adapter,
	}
	switch {
	case j.spec.Pattern != "":
		p.Meta.OutputFormat, p.Meta.OutputPattern = pawfile.FormatRegexp, j.spec.Pattern
	case j.spec.JSON:
		p.Meta.OutputFormat = pawfile.FormatJSON
	}
	return p, j.balance(ctx, p, trained, j.trains(len(examples)))
}

// adapter is what a program carries: that of the start, that of the gradient steps, or the one after
// the other. Without either it is the zero adapter: a valid program that leaves the interpreter as it is.
func (j *job) adapter(ctx context.Context, examples []pseudo.Example, text string) (*Adapter, error) {
	options := j.options
	if j.start != nil {
		j.progress(compiler.Event{Stage: compiler.StageEncode})
		a, err := j.start.Adapter(j.spec, examples, text)
		if err != nil || !j.trains(len(examples)) {
			return a, errors.Join(err, ctx.Err())
		}
		options.Rank, options.Alpha, options.WarmStart = a.Rank, a.Alpha, a
	}
	if len(examples) == 0 {
		return NewAdapter(j.base.Engine.Geometry(), options.Rank, options.Alpha), nil
	}
	m, err := j.weights()
	if err != nil {
		return nil, err
	}
	var groups []Group
	rename := j.renaming(len(examples))
	for _, l := range promptGroups(examples, j.spec.Labels, j.division) {
		prompt := j.prompt(j.fitting(l))
		g := Group{Prefix: prompt.Before}
		for _, e := range l.targets {
			g.Cases = append(g.Cases, j.trainingCase(prompt, e))
		}
		for _, e := range rename(l.targets) {
			if c := j.trainingCase(prompt, e); len(prompt.Before)+len(c.Tokens) <= j.base.Engine.Geometry().Context {
				g.Cases = append(g.Cases, c)
			}
		}
		groups = append(groups, g)
	}
	return m.Train(ctx, groups, options, func(_ int, loss float64) { j.stepped(loss) })
}

func (j *job) trainingCase(p function.Prompt, e pseudo.Example) Case {
	target := j.target(e.Output)
	return Case{Tokens: append(p.Input(e.Input), target...), Targets: len(target)}
}

// fitting are the examples that the prompt of a prompted shows: fewer where its longest target would not fit behind them.
func (j *job) fitting(l prompted) []pseudo.Example {
	for shown := l.shown; ; shown = shown[:len(shown)-1] {
		if len(shown) == 0 || j.fits(j.prompt(shown), l.targets) {
			return shown
		}
	}
}

func (j *job) fits(p function.Prompt, cases []pseudo.Example) bool {
	longest := 0
	for _, e := range cases {
		longest = max(longest, len(p.Input(e.Input))+len(j.target(e.Output)))
	}
	return len(p.Before)+longest <= j.base.Engine.Geometry().Context
}

// usual is the temperature of programs like this one, 0 where none is known or there are no labels. (Fitted on 100
// development programs it is 3.7 for paw-mini-6 without training and after six steps: one will do.)
func (j *job) usual() float64 {
	if j.start == nil || len(j.spec.Labels) == 0 {
		return 0
	}
	return float64(j.start.Temperature())
}

// finish writes the report and calibration into the program.
func (j *job) finish(p *pawfile.Program, r *report.Report, took time.Duration) (*pawfile.Program, error) {
	t := j.usual()
	if r != nil && r.ECE != nil {
		t = r.Temperature
	}
	if t > 0 {
		temper(p, float32(t))
	}
	if r == nil {
		return p, nil
	}
	b, err := json.Marshal(r)
	if err != nil {
		return nil, fmt.Errorf("finetune: report: %w", err)
	}
	p.Meta.Report = b
	return p, nil
}
