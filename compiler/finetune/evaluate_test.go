package finetune

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"testing"

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
