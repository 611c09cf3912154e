package finetune

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"

	"paw/compiler"
	"paw/compiler/report"
	"paw/engine"
	"paw/function"
	"paw/pawfile"
)

// folds of the cross-validation; with fewer examples than fewestFolded none is made.
const (
	folds        = 4
	briefFolds   = 3 // whoever compiles briefly does not wait for a report longer than two seconds
	fewestFolded = 4
)

func (j *job) folds() int {
	if j.effort == Brief {
		return briefFolds
	}
	return folds
}

// run makes the program and, if it is to be evaluated, its report: every fold rebuilds the pseudo-program, trains from
// the start, is rounded to Q4_0 and answers, through function, the examples it never saw. The program and the folds do not
// depend on each other and are made side by side.
func (j *job) run(ctx context.Context, evaluate bool) (*pawfile.Program, *report.Report, error) {
	examples := j.spec.Examples
	var p *pawfile.Program
	work := []training{{train: func(ctx context.Context) (err error) {
		p, err = j.program(ctx, examples)
		return err
	}}}
	var split [][]int
	var results []report.Result
	if evaluate && len(examples) >= fewestFolded {
		split = report.Folds(len(examples), j.folds(), 1, outputs(examples))
		results = make([]report.Result, len(examples))
	}
	for _, held := range split {
		work = append(work, j.fold(held, results))
	}
	j.trainings = len(work)
	if err := sideBySide(ctx, j.atOnce(), work); err != nil || !evaluate {
		return p, nil, err
	}
	var baseline report.Baseline
	if split != nil {
		baseline = report.CrossBaseline(j.spec.Labels, examples, split)
	}
	r := report.New(j.spec, results, baseline, j.usual())
	return p, &r, nil
}

// fold makes the program that sees all examples but the held ones, and asks it these.
func (j *job) fold(held []int, results []report.Result) training {
	var p *pawfile.Program
	return training{
		train: func(ctx context.Context) (err error) {
			p, err = j.program(ctx, report.Training(j.spec.Examples, held))
			return err
		},
		ask: func(ctx context.Context) error {
			j.progress(compiler.Event{Stage: compiler.StageEvaluate, Message: fmt.Sprintf("asking %d examples it has not seen", len(held))})
			return j.answer(ctx, p, held, results)
		},
	}
}

// atOnce is how many trainings run at a time. The matrices of a small interpreter keep no two processors busy, so it has
// up to three (each takes its own buffers); a large one's do, and its memory counts.
func (j *job) atOnce() int {
	if j.base.Engine.Geometry().Width > smallWidth {
		return 1
	}
	return min(3, runtime.GOMAXPROCS(0))
}

// training makes a program and asks it, which takes one processor and is done while others train.
type training struct{ train, ask func(context.Context) error }

var errFault = errors.New("finetune: an internal fault")

// sideBySide does the work in its order, n trainings at a time, and waits for all. The first error ends the context
// of the others and is returned. A panic goes on here, where a caller can recover it: in its own goroutine it would end
// the process.
func sideBySide(ctx context.Context, n int, work []training) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var running sync.WaitGroup
	var fault atomic.Pointer[string]
	slots := make(chan struct{}, n)
	for _, w := range work {
		select {
		case slots <- struct{}{}:
		case <-ctx.Done():
		}
		if ctx.Err() != nil {
			break
		}
		running.Go(func() {
			defer func() {
				if e := recover(); e != nil {
					said := fmt.Sprintf("compiling: %v\n%s", e, debug.Stack())
					fault.CompareAndSwap(nil, &said)
					stop(errFault)
				}
			}()
			err := w.train(ctx)
			<-slots
			if err == nil && w.ask != nil {
				err = w.ask(ctx)
			}
			if err != nil {
				stop(err)
			}
		})
	}
	running.Wait()
	if said := fault.Load(); said != nil {
		panic(*said)
	}
	return context.Cause(ctx)
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
