package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"paw/engine"
	"paw/function"
	"paw/pawfile"
)

const runHelp = `Answers one input, or with - every line of standard input (one JSON document
a line with --json). A line that is too long gets an empty one, or {"error"}, and exit
code 4 at the end. The program's interpreter is found by its digest among the
embedded mini and the downloaded models, or named by --interpreter.`

// ran is the JSON of paw run.
type ran struct {
	Output        string        `json:"output"`
	Label         string        `json:"label,omitempty"`
	Probabilities probabilities `json:"probabilities,omitempty"`
	Confidence    float64       `json:"confidence"`
	Calibrated    bool          `json:"calibrated"`
	Abstained     bool          `json:"abstained,omitempty"`
	Partial       bool          `json:"partial,omitempty"`
	Stop          function.Stop `json:"stop"`
	Tokens        int           `json:"tokens"`
	MS            float64       `json:"ms"`
}

func runCommand(ctx context.Context, c *console, args []string) error {
	f := newFlags(c, "run", "X.paw [INPUT | -]", runHelp)
	interpreter := f.String("interpreter", "", "a GGUF `file` or model id (default: the one the program names)")
	maxTokens := f.Int("max-tokens", 0, "longest free-text answer in tokens")
	threshold := f.Float64("threshold", 0, "mark answers below this confidence as abstained")
	labels := f.String("labels", "", "answer with one of these, separated by commas, instead of the program's own")
	rest, err := f.parse(args)
	if err != nil {
		return err
	}
	if len(rest) == 0 || len(rest) > 2 {
		return misuse("name a program and an input")
	}
	p, err := pawfile.ReadFile(rest[0])
	if err != nil {
		return err
	}
	show := newProgress(c)
	defer show.done()
	base, err := openBaseFor(ctx, p, *interpreter, show.bytes("loading the interpreter"))
	if err != nil {
		return err
	}
	defer base.Close()
	o := function.Options{BaseSHA256: base.SHA256}
	if *labels != "" {
		for l := range strings.SplitSeq(*labels, ",") {
			o.Labels = append(o.Labels, strings.TrimSpace(l))
		}
	}
	fn, err := function.Open(ctx, base.Engine, p, o)
	if err != nil {
		return err
	}
	defer fn.Close()
	show.done()

	answer := func(input string) error {
		started := time.Now()
		a, err := fn.Call(ctx, input, function.Call{MaxTokens: *maxTokens, Threshold: *threshold})
		if err != nil {
			return err
		}
		return printAnswer(c, a, time.Since(started), *f.json)
	}
	if len(rest) == 2 && rest[1] != "-" {
		return answer(rest[1])
	}
	lines, refused := 0, error(nil)
	err = eachLine(ctx, c.in, func(l line) error {
		lines++
		err := l.err
		if err == nil {
			err = answer(l.text)
		}
		if !tooLong(err) {
			return err
		}
		err = fmt.Errorf("line %d: %w", lines, err)
		if refused == nil {
			refused = err // the others are answered all the same
		}
		if *f.json {
			return printJSON(c.out, map[string]string{"error": err.Error()})
		}
		fmt.Fprintln(c.err, visible(err.Error()))
		_, err = fmt.Fprintln(c.out) // a line out for each line in
		return err
	})
	return cmp.Or(err, refused)
}

// tooLong tells whether an input cannot be answered for its length.
func tooLong(err error) bool {
	var long *engine.ContextError
	return errors.As(err, &long) || errors.Is(err, errLongLine)
}

func printAnswer(c *console, a function.Answer, took time.Duration, asJSON bool) error {
	ms := round(float64(took.Microseconds()) / 1e3)
	if asJSON {
		return printJSON(c.out, ran{a.Output, a.Label, a.Probabilities, a.Confidence, a.Calibrated, a.Abstained, a.Partial, a.Stop, a.Tokens, ms})
	}
	output := a.Output
	if isTerminal(c.out) {
		output = visible(output)
	}
	if _, err := fmt.Fprintln(c.out, output); err != nil {
		return err // nobody reads: the lines that follow need no answer
	}
	if a.Abstained {
		fmt.Fprintln(c.err, "  below the threshold: better ask a person")
	}
	for _, lp := range a.Probabilities {
		fmt.Fprintf(c.err, "  %6.1f %%  %s\n", 100*lp.Probability, visible(lp.Label))
	}
	if a.Label == "" {
		fmt.Fprintf(c.err, "  mean token probability %.2f (not calibrated)\n", a.Confidence)
	}
	if a.Stop != function.StopEnd {
		fmt.Fprintf(c.err, "  cut off: the token %s was reached\n", map[function.Stop]string{function.StopLimit: "limit", function.StopFilled: "context"}[a.Stop])
	}
	fmt.Fprintf(c.err, "  %d tokens, %.1f ms\n", a.Tokens, ms)
	return nil
}
