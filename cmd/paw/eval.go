package main

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"paw/compiler"
	"paw/compiler/pseudo"
	"paw/compiler/report"
	"paw/function"
	"paw/programs"
)

const evalHelp = `Compiles every spec of FILE.jsonl and asks the program its cases. Each line is
{"name","spec","cases":[{"input","output"}]}; other keys are ignored. Examples are
read from the spec alone; the cases are never trained on. Averages are over cases.

--compare measures the embedded mini's neural compiler beside what it has to beat:
the majority, plain code, the pseudo-program without an adapter, one adapter for all
programs, fine-tuning alone and refining. Lines may carry a "kind"; results are
given by kind. --method NAME runs one of them: "majority", "plain code",
"pseudo-program only", "one fixed adapter", "neural, forward pass alone", "neural",
"fine-tuned" or "neural + refine". --compiler and --failures do not count then
(--json lists up to twenty wrong answers a method).`

type evalProgram struct {
	Name       string           `json:"name"`
	Cases      int              `json:"cases"`
	ExactMatch float64          `json:"exact_match"`
	Majority   float64          `json:"majority"`
	Baseline   float64          `json:"baseline"`
	MSPerCall  float64          `json:"ms_per_call"`
	Seconds    float64          `json:"compile_seconds"`
	Failures   []report.Failure `json:"failures,omitempty"`

	hits, majority, baseline int
}

type evalResult struct {
	Programs   []evalProgram `json:"programs"`
	ExactMatch float64       `json:"exact_match"`
	Majority   float64       `json:"majority"`
	Baseline   float64       `json:"baseline"`
}

func evalCommand(ctx context.Context, c *console, args []string) error {
	f := newFlags(c, "eval", "FILE.jsonl", evalHelp)
	name := f.String("compiler", "", "the compiler (default: the interpreter's first)")
	interpreter := f.String("interpreter", "", "a GPT-2 GGUF `file` or model id to compile for (default: the embedded mini)")
	limit := f.Int("limit", 0, "only the first programs of the file (0: all)")
	all := f.Bool("compare", false, "measure all methods on the embedded mini")
	only := f.String("method", "", "with --compare: this method only, such as neural")
	failures := f.Bool("failures", false, "list wrong answers")
	var o compileOptions
	o.flags(f)
	rest, err := f.parse(args)
	if err != nil {
		return err
	}
	if len(rest) != 1 {
		return misuse("name one file of programs")
	}
	if *only != "" && !*all {
		return misuse("--method chooses among the methods of --compare: add it")
	}
	o.skip = true
	lines, err := readEval(rest[0], *limit)
	if err != nil {
		return err
	}
	if *all {
		b, err := openBase(ctx, *interpreter, nil)
		if err != nil {
			return err
		}
		defer b.Close()
		return compare(ctx, c, b, lines, *only, o, *f.json)
	}
	show := newProgress(c)
	defer show.done()
	base, chosen, err := openCompiler(ctx, *interpreter, *name, show)
	if err != nil {
		return err
	}
	defer base.Close()
	var sum evalResult
	var hits, majority, baseline, cases int
	for i, l := range lines {
		show.show(l.Name, fmt.Sprintf("%d of %d: %s", i+1, len(lines), l.Name))
		p, err := evalOne(ctx, chosen, base, l, o)
		if err != nil {
			return fmt.Errorf("program %s: %w", l.Name, err)
		}
		if !*failures {
			p.Failures = nil
		}
		sum.Programs = append(sum.Programs, p)
		hits, majority, baseline, cases = hits+p.hits, majority+p.majority, baseline+p.baseline, cases+p.Cases
	}
	show.done()
	n := float64(max(cases, 1))
	sum.ExactMatch, sum.Majority, sum.Baseline = round(float64(hits)/n), round(float64(majority)/n), round(float64(baseline)/n)
	if *f.json {
		return printJSON(c.out, sum)
	}
	out := plain{c.out} // whoever made the file has a say in what is printed
	fmt.Fprintf(out, "%-24s %6s %8s %9s %9s %8s %9s\n", "program", "cases", "exact", "majority", "baseline", "ms/call", "compile")
	for _, p := range sum.Programs {
		fmt.Fprintf(out, "%-24s %6d %7.1f%% %8.1f%% %8.1f%% %8.1f %8.1fs\n", p.Name, p.Cases, 100*p.ExactMatch, 100*p.Majority, 100*p.Baseline, p.MSPerCall, p.Seconds)
		for _, w := range p.Failures {
			fmt.Fprintf(out, "    %q: want %q, got %q\n", w.Input, w.Want, w.Got)
		}
	}
	fmt.Fprintf(out, "%-24s %6d %7.1f%% %8.1f%% %8.1f%%\n", "all cases", cases, 100*sum.ExactMatch, 100*sum.Majority, 100*sum.Baseline)
	return nil
}

func evalOne(ctx context.Context, chosen compiler.Compiler, base *base, l programs.Program, o compileOptions) (evalProgram, error) {
	started := time.Now()
	p, err := chosen.Compile(ctx, o.request(l.Spec), nil)
	if err != nil {
		return evalProgram{}, err
	}
	out := evalProgram{Name: l.Name, Cases: len(l.Cases), Seconds: round(time.Since(started).Seconds())}
	fn, err := function.Open(ctx, base.Engine, p, function.Options{BaseSHA256: base.SHA256})
	if err != nil {
		return evalProgram{}, err
	}
	defer fn.Close()
	spec, err := pseudo.Parse(l.Spec)
	if err != nil {
		return evalProgram{}, err
	}
	var outputs []string
	var test []pseudo.Example
	started = time.Now()
	for i, k := range l.Cases {
		a, err := fn.Call(ctx, k.Input, function.Call{})
		if err != nil && !tooLong(err) { // that one is wrong, and the others are measured
			return evalProgram{}, fmt.Errorf("case %d: %w", i+1, err)
		}
		if err == nil && a.Output == strings.TrimSpace(k.Output) {
			out.hits++
		} else {
			out.Failures = append(out.Failures, report.Failure{Input: k.Input, Want: k.Output, Got: a.Output, Confidence: a.Confidence})
		}
		outputs = append(outputs, k.Output)
		test = append(test, pseudo.Example{Input: k.Input, Output: k.Output})
	}
	n := float64(max(len(l.Cases), 1))
	out.MSPerCall = round(float64(time.Since(started).Microseconds()) / 1e3 / n)
	_, share := report.Majority(outputs)
	out.majority = int(share*n + 0.5)
	plain := report.PlainBaseline(spec.Labels, spec.Examples, test)
	out.baseline = int(plain.Accuracy()*n + 0.5)
	out.ExactMatch, out.Majority, out.Baseline = round(float64(out.hits)/n), round(share), round(plain.Accuracy())
	return out, nil
}

func readEval(path string, limit int) ([]programs.Program, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, misuse("%v", err)
	}
	defer f.Close()
	list, err := programs.Read(f)
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", errBadFile, path, err)
	}
	if limit > 0 {
		list = list[:min(limit, len(list))]
	}
	return list, nil
}
