package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"time"

	"paw/compiler"
	"paw/compiler/pseudo"
	"paw/compiler/report"
	"paw/pawfile"
	"paw/store"
)

const compileHelp = `Turns a description in plain English into a program file.

The description may list its labels ("Return ONLY one of: urgent, wait") and hold
examples ("Input: …" and "Output: …" lines). The default compiler, paw-mini, makes
a program in one forward pass, also without an example, and touches it up with four
training steps on the examples that there are; --refine trains for longer. Ten to
twenty examples make it a good deal better. The report says how well the method did
on examples it had not seen.

Compilers for the embedded mini: paw-mini, paw-mini-refine (what --refine chooses)
and paw-ft-mini (training alone). Other interpreters have paw-ft-… only.`

// compiled is the JSON of paw compile.
type compiled struct {
	ProgramID string         `json:"program_id"`
	Compiler  string         `json:"compiler"`
	Seconds   float64        `json:"seconds"`
	Out       string         `json:"out"`
	Bytes     int            `json:"bytes"`
	Labels    []string       `json:"labels,omitempty"`
	Report    *report.Report `json:"report"`
	Warnings  []string       `json:"warnings,omitempty"`
}

func compileCommand(ctx context.Context, c *console, args []string) error {
	f := newFlags(c, "compile", "(--spec TEXT | --spec-file F) --out X.paw", compileHelp)
	spec := f.String("spec", "", "the description")
	specFile := f.String("spec-file", "", "a `file` with the description, - for standard input")
	out := f.String("out", "", "the program `file` to write")
	name := f.String("compiler", "", "the compiler (default: the interpreter's first)")
	refine := f.Bool("refine", false, "train for longer on the description's examples (compiler paw-mini-refine)")
	interpreter := f.String("interpreter", "", "a GPT-2 GGUF `file` or model id to compile for (default: the embedded mini)")
	var o compileOptions
	o.flags(f)
	f.BoolVar(&o.skip, "no-report", false, "skip the cross-validation")
	rest, err := f.parse(args)
	if err != nil {
		return err
	}
	text, err := specText(ctx, c, *spec, *specFile)
	if err != nil {
		return err
	}
	if len(rest) > 0 {
		return misuse("unexpected argument %q", rest[0])
	}
	if *refine && *name != "" && *name != refineCompiler {
		return misuse("--refine chooses %s itself: leave out --compiler %s", refineCompiler, *name)
	}
	if *refine {
		*name = refineCompiler
	}
	if *out == "" {
		return misuse("say where to write the program: --out X.paw")
	}

	if _, err := pseudo.Parse(text); err != nil { // before anything is loaded
		return err
	}
	if err := store.Writable(*out); err != nil { // before anything is computed in vain
		return misuse("--out: %v: choose a file in a folder that you may write to", err)
	}
	show := newProgress(c)
	defer show.done()
	base, chosen, err := openCompiler(ctx, *interpreter, *name, show)
	if err != nil {
		return err
	}
	defer base.Close()
	started := time.Now()
	p, err := chosen.Compile(ctx, o.request(text), show.compile)
	if err != nil {
		return err
	}
	seconds := time.Since(started).Seconds()
	bytes, err := p.Encode()
	if err != nil {
		return err
	}
	if err := store.WriteFile(*out, bytes, 0o644); err != nil {
		return err
	}
	show.done()

	r, err := reportOf(p)
	if err != nil {
		return err
	}
	if *f.json {
		return printJSON(c.out, compiled{p.Meta.ProgramID, chosen.Name(), round(seconds), *out, len(bytes), p.Meta.Labels, r, p.Meta.Warnings})
	}
	for _, w := range p.Meta.Warnings {
		fmt.Fprintln(c.err, "note:", w)
	}
	fmt.Fprintf(c.out, "%s: program %s, %.0f KB, compiled in %.1f s\n", *out, p.Meta.ProgramID, float64(len(bytes))/1e3, seconds)
	if r != nil {
		fmt.Fprint(c.out, r)
		if chosen.Name() == neuralCompiler && r.N >= many {
			fmt.Fprintln(c.out, "With --refine the program is trained on these examples for longer: with so many it usually answers better.")
		}
	}
	return nil
}

// many examples are worth a long training.
const many = 12

// compileOptions are the flags that compile and eval share.
type compileOptions struct {
	steps, batchTokens int
	seed               uint64
	skip               bool
}

func (o *compileOptions) flags(f *flags) {
	f.IntVar(&o.steps, "steps", 0, "training steps (0: the compiler's choice)")
	f.IntVar(&o.batchTokens, "batch-tokens", 0, "tokens trained at once, bounds memory (0: the compiler's choice)")
	f.Uint64Var(&o.seed, "seed", 0, "seed of the training")
}

func (o *compileOptions) request(spec string) compiler.Request {
	return compiler.Request{Spec: spec, Steps: o.steps, Seed: o.seed, BatchTokens: o.batchTokens, SkipEvaluation: o.skip}
}

func specText(ctx context.Context, c *console, text, file string) (string, error) {
	switch {
	case (text == "") == (file == ""):
		return "", misuse("give the description by --spec TEXT or by --spec-file F")
	case file == "":
		return text, nil
	case file == "-":
		b, err := readAll(ctx, io.LimitReader(c.in, 1<<20))
		return string(b), err
	}
	b, err := os.ReadFile(file)
	if err != nil {
		return "", misuse("the description: %v", err)
	}
	return string(b), nil
}

// reportOf reads the report that a program carries, nil when it has none.
func reportOf(p *pawfile.Program) (*report.Report, error) {
	if len(p.Meta.Report) == 0 {
		return nil, nil
	}
	var r report.Report
	if err := json.Unmarshal(p.Meta.Report, &r); err != nil {
		return nil, fmt.Errorf("%w: the report in meta.json: %w", errBadFile, err)
	}
	return &r, nil
}

func round(x float64) float64 { return float64(int64(x*1000+0.5)) / 1000 }
