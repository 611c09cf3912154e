package finetune

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"

	"paw/compiler"
	"paw/compiler/report"
	"paw/engine"
	"paw/function"
	"paw/pawfile"
)

// folds of the cross-validation; with fewer examples than fewestFolded none is made.
const (
	folds        = 4
	fewestFolded = 4
)

// evaluate measures the method on the spec's own examples: every fold rebuilds its pseudo-program,
// trains from the start, is rounded to Q4_0 and answers, through function, the examples it never saw.
// A fold is asked, which takes one processor, while the next one is trained.
func (j *job) evaluate(ctx context.Context) (*report.Report, error) {
	examples := j.spec.Examples
	if len(examples) < fewestFolded {
		r := report.New(j.spec, nil, report.Baseline{}, j.usual())
		return &r, nil
	}
	split := report.Folds(len(examples), folds, 1, outputs(examples))
	j.trainings += len(split)
	results := make([]report.Result, len(examples))
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	asking := aside{stop: stop}
	defer asking.running.Wait() // also when the training panics: nobody may use the interpreter behind its owner's back
	for _, held := range split {
		p, err := j.program(ctx, report.Training(examples, held), compiler.StageEvaluate)
		asking.wait()
		if err = cmp.Or(context.Cause(ctx), err); err != nil {
			return nil, err
		}
		j.progress(compiler.Event{Stage: compiler.StageEvaluate, Message: fmt.Sprintf("asking %d examples it has not seen", len(held))})
		asking.start(func() error { return j.answer(ctx, p, held, results) })
	}
	asking.wait()
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	r := report.New(j.spec, results, report.CrossBaseline(j.spec.Labels, examples, split), j.usual())
	return &r, nil
}

// aside is work beside its caller's, one piece at a time. What goes wrong in it stops the context of both.
type aside struct {
	running sync.WaitGroup
	stop    context.CancelCauseFunc
	fault   any // what it panicked with
}

var errFault = errors.New("finetune: evaluation: an internal fault")

func (a *aside) start(work func() error) {
	a.running.Go(func() {
		defer func() {
			if e := recover(); e != nil {
				a.fault = fmt.Sprintf("asking held-out examples: %v\n%s", e, debug.Stack())
				a.stop(errFault)
			}
		}()
		if err := work(); err != nil {
			a.stop(err)
		}
	})
}

// wait waits for the piece that runs. A panic in it goes on here, where a caller can recover it: in its own goroutine it
// would end the process.
func (a *aside) wait() {
	a.running.Wait()
	if a.fault != nil {
		panic(a.fault)
	}
}

// answer runs a program on the held-out examples.
func (j *job) answer(ctx context.Context, p *pawfile.Program, held []int, results []report.Result) (err error) {
	f, err := function.Open(ctx, j.base.Engine, p, function.Options{BaseSHA256: j.base.SHA256})
	if err != nil {
		return fmt.Errorf("finetune: evaluation: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	for _, i := range held {
		e := j.spec.Examples[i]
		// An answer much longer than the right one is wrong already: no need to wait for its end.
		a, err := f.Call(ctx, e.Input, function.Call{MaxTokens: 2*len(j.target(e.Output)) + 8})
		results[i] = report.Result{Input: e.Input, Want: e.Output, Got: a.Output}
		var long *engine.ContextError
		if errors.As(err, &long) {
			continue // no answer: the program could not read this input behind its prompt either
		}
		if err != nil {
			return fmt.Errorf("finetune: evaluation: example %d: %w", i+1, err)
		}
		if a.Partial {
			continue // some labels have no probability: nothing to fit a temperature on
		}
		for _, lp := range a.Probabilities {
			results[i].Probs = append(results[i].Probs, lp.Probability)
		}
	}
	return nil
}
