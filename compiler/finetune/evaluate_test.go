package finetune

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"paw/compiler"
	"paw/compiler/report"
)

func reportOf(t *testing.T, text []byte) report.Report {
	t.Helper()
	var r report.Report
	if err := json.Unmarshal(text, &r); err != nil {
		t.Fatal(err)
	}
	return r
}

// Weights were found at temperature 1 and are tempered once, with the temperature that the program has.
func TestAProgramIsTemperedOnce(t *testing.T) {
	b := tinyBase(t, 1024)
	c := NewFrom("test", b, &fixed{adapter: randomAdapter(b.Engine.Geometry(), 32)}, Forward)
	spec := exampleSpec(12)
	plain, err := c.Compile(t.Context(), compiler.Request{Spec: spec, SkipEvaluation: true}, nil)
	if err != nil {
		t.Fatal(err)
	}
	p, err := c.Compile(t.Context(), compiler.Request{Spec: spec}, nil)
	if err != nil {
		t.Fatal(err)
	}
	r := reportOf(t, p.Meta.Report)
	was, is := plain.Meta.Calibration, p.Meta.Calibration
	if r.ECE == nil || was.Temperature != 1.75 || float64(is.Temperature) != float64(float32(r.Temperature)) || r.Temperature == 1.75 {
		t.Fatalf("temperatures %v and %v, the report's is %v (error %v)", was.Temperature, is.Temperature, r.Temperature, r.ECE)
	}
	for i := range was.Weights {
		want := math.Pow(float64(was.Weights[i]), 1.75/r.Temperature)
		if math.Abs(float64(is.Weights[i])-want) > 1e-3 {
			t.Errorf("weight %d is %v, %v tempered once is %v", i, is.Weights[i], was.Weights[i], want)
		}
	}
}

// An example whose input does not fit behind the prompt of its fold is a wrong answer and no failed compilation.
func TestALongExampleIsAMiss(t *testing.T) {
	b := tinyBase(t, 420)
	spec := exampleSpec(7) + "Input: " + strings.Repeat("fire ", 55) + "\nOutput: urgent\n"
	p, err := New("test", b).Compile(t.Context(), compiler.Request{Spec: spec, Steps: 1}, nil)
	if err != nil {
		t.Fatal(err)
	}
	r := reportOf(t, p.Meta.Report)
	if r.N != 8 || r.ECE != nil {
		t.Errorf("%d cases, calibration error %v: the long one has no probabilities", r.N, r.ECE)
	}
}

// With more labels than are all scored there is nothing to fit a temperature on.
func TestManyLabelsAreNotCalibrated(t *testing.T) {
	b := tinyBase(t, 2048)
	var labels []string
	for i := range 70 {
		labels = append(labels, fmt.Sprintf("kind%c%d", 'a'+i%26, i))
	}
	spec := "Sort the message. Return ONLY one of: " + strings.Join(labels, ", ") + "\n"
	for i := range 10 {
		spec += fmt.Sprintf("Input: message %d\nOutput: %s\n", i, labels[i])
	}
	p, err := New("test", b).Compile(t.Context(), compiler.Request{Spec: spec, Steps: 1}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if r := reportOf(t, p.Meta.Report); r.N != 10 || r.ECE != nil || p.Meta.Calibration != nil {
		t.Errorf("%d cases, calibration %+v, error %v", r.N, p.Meta.Calibration, r.ECE)
	}
}

func TestSideBySide(t *testing.T) {
	failed := errors.New("failed")
	for _, c := range []struct {
		name       string
		n          int
		fail       int // which training fails, -1: none
		failAsking bool
	}{{"one at a time", 1, -1, false}, {"three at a time", 3, -1, false}, {"a training fails", 2, 1, false}, {"an answer fails", 1, 1, true}} {
		var running, most, trained, asked atomic.Int32
		var work []training
		for i := range 6 {
			fault := func(asking bool) error {
				if i == c.fail && asking == c.failAsking {
					return failed
				}
				return nil
			}
			work = append(work, training{
				train: func(ctx context.Context) error {
					now := running.Add(1)
					defer running.Add(-1)
					for old := most.Load(); now > old && !most.CompareAndSwap(old, now); old = most.Load() {
					}
					if c.fail >= 0 && i > c.fail { // goes on until it is told to stop
						<-ctx.Done()
						return ctx.Err()
					}
					time.Sleep(time.Millisecond)
					trained.Add(1)
					return fault(false)
				},
				ask: func(context.Context) error {
					asked.Add(1)
					return fault(true)
				},
			})
		}
		err := sideBySide(t.Context(), c.n, work)
		if int(most.Load()) > c.n {
			t.Errorf("%s: %d ran at a time", c.name, most.Load())
		}
		if c.fail < 0 {
			if err != nil || trained.Load() != 6 || asked.Load() != 6 {
				t.Errorf("%s: %d trained, %d asked, %v", c.name, trained.Load(), asked.Load(), err)
			}
		} else if err != failed || asked.Load() > 2 {
			t.Errorf("%s: %d asked, %v", c.name, asked.Load(), err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := sideBySide(ctx, 2, []training{{train: func(context.Context) error { t.Error("begun after the end"); return nil }}})
	if !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}
