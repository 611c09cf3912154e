// Package report says how good a compiled program is, and compares it with
// plain code that needs no model.
//
// All figures come from cases the measured thing has not seen: Folds makes the
// split, and a baseline is trained on the same rows as the program. Every report
// carries the number of cases and a Wilson interval, says so when there are too
// few cases to judge, and says plainly when the program loses.
//
// The package compares answers and draws conclusions; it does not run programs.
package report

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"paw/compiler/pseudo"
)

// EnoughCases is the number of cases from which a report gives a judgement.
const EnoughCases = 8

// MaxFailures bounds the wrong answers kept in a report.
const MaxFailures = 20

// Result is what a program answered to one case.
type Result struct {
	Input, Want, Got string

	// Probs holds the probability of each label of the specification, in their
	// order and before any temperature; nil for free text.
	Probs []float64
}

// Hit tells whether the answer is right: equal but for space around it, which
// runtimes strip.
func (r Result) Hit() bool { return same(r.Got, r.Want) }

func same(a, b string) bool { return strings.TrimSpace(a) == strings.TrimSpace(b) }

// Failure is a wrong answer.
type Failure struct {
	Input      string  `json:"input"`
	Want       string  `json:"want"`
	Got        string  `json:"got"`
	Confidence float64 `json:"confidence,omitempty"` // probability of the wrong label
}

// Report is the evidence for one program. Shares are between 0 and 1.
//
// In JSON, figures that were not measured are null.
type Report struct {
	N              int        `json:"n"`        // cases
	Accuracy       float64    `json:"accuracy"` // exact answers
	Majority       float64    `json:"majority"` // of always giving MajorityOutput
	MajorityOutput string     `json:"majority_output,omitempty"`
	Baseline       float64    `json:"baseline"` // of plain code, named below
	BaselineName   string     `json:"baseline_name"`
	Interval       [2]float64 `json:"interval"`    // Wilson, 95 %, of Accuracy
	ECE            *float64   `json:"ece"`         // expected calibration error after the temperature
	Temperature    float64    `json:"temperature"` // divides log-probabilities; 1: as they are
	Verdict        string     `json:"verdict"`
	LabelsInferred bool       `json:"labels_inferred"`
	Labels         []string   `json:"labels,omitempty"`
	Wrong          int        `json:"wrong"`
	Failures       []Failure  `json:"failures"` // the first MaxFailures
}

// New draws up the report of a program from its answers to held-out cases and
// the baseline's answers to the same cases in the same order. No results give a
// report that says "not evaluated".
//
// usual is the temperature that such programs need as a rule, 0 where it is not known: it
// stands where there are too few cases to fit one.
func New(spec pseudo.Spec, results []Result, base Baseline, usual float64) Report {
	usual = cmp.Or(usual, 1)
	r := Report{
		N:              len(results),
		BaselineName:   base.Name,
		Interval:       [2]float64{0, 1},
		Temperature:    usual,
		LabelsInferred: spec.LabelsInferred,
		Labels:         spec.Labels,
		Failures:       []Failure{},
	}
	if cases := scored(spec.Labels, results); len(cases) >= EnoughCases {
		ece := HeldOutECE(cases, usual)
		r.Temperature, r.ECE = FitTemperature(cases, usual), &ece
	}
	wants := make([]string, len(results))
	for i, res := range results {
		wants[i] = res.Want
		if res.Hit() {
			continue
		}
		r.Wrong++
		if len(r.Failures) < MaxFailures {
			r.Failures = append(r.Failures, Failure{cutText(res.Input, 300), cutText(res.Want, 300), cutText(res.Got, 300), r.confidence(res)})
		}
	}
	if r.N > 0 {
		hits := r.N - r.Wrong
		r.Accuracy = float64(hits) / float64(r.N)
		r.MajorityOutput, r.Majority = Majority(wants)
		r.Baseline = base.Accuracy()
		r.Interval[0], r.Interval[1] = Wilson(hits, r.N)
	}
	r.Verdict = r.judge(len(spec.Examples), base.Name != "" && len(base.Hits) == r.N)
	return r
}

// scored pairs probabilities with the right label. It returns nil unless every
// case has a probability for every label: a calibration of some would be none.
func scored(labels []string, results []Result) []Scored {
	var cases []Scored
	for _, res := range results {
		if len(labels) == 0 || len(res.Probs) != len(labels) {
			return nil
		}
		cases = append(cases, Scored{res.Probs, indexOf(labels, res.Want)})
	}
	return cases
}

// confidence is the calibrated probability of the answer given, 0 if unknown.
func (r Report) confidence(res Result) float64 {
	i := indexOf(r.Labels, res.Got)
	if i < 0 || len(res.Probs) != len(r.Labels) {
		return 0
	}
	return Rescale(res.Probs, r.Temperature)[i]
}

func indexOf(labels []string, answer string) int {
	return slices.IndexFunc(labels, func(l string) bool { return same(l, answer) })
}

// judge writes the verdict of a specification with so many examples. A comparison is only called won when the whole
// interval lies above both the baseline and the majority.
func (r Report) judge(examples int, compared bool) string {
	name := fmt.Sprintf("%s: %s", r.BaselineName, percent(r.Baseline))
	switch {
	case r.N == 0 && examples > 0:
		return fmt.Sprintf("not evaluated: with %s none can be held out; add more Input:/Output: pairs, %d or more in all", count(examples, "example"), EnoughCases)
	case r.N == 0:
		return fmt.Sprintf("not evaluated: there are no examples to measure with; add %d or more Input:/Output: pairs to the specification", EnoughCases)
	case r.N < EnoughCases:
		return fmt.Sprintf("too few to judge: %s, at least %d are needed", count(r.N, "example"), EnoughCases)
	case compared && r.Accuracy < r.Baseline:
		return fmt.Sprintf("loses to the plain baseline (%s): plain code would do better, or give more and more varied examples", name)
	case r.Accuracy < r.Majority:
		return fmt.Sprintf("loses to always answering %q (%s): give more and more varied examples", cutText(r.MajorityOutput, 40), percent(r.Majority))
	case compared && r.Accuracy == r.Baseline:
		return fmt.Sprintf("no better than the plain baseline (%s)", name)
	case r.Accuracy == r.Majority:
		return fmt.Sprintf("no better than always answering %q", cutText(r.MajorityOutput, 40))
	case !compared:
		return "better than always giving the same answer; not compared with a plain baseline"
	case r.Interval[0] > max(r.Baseline, r.Majority):
		return fmt.Sprintf("better than the plain baseline (%s)", name)
	default:
		return fmt.Sprintf("ahead of the plain baseline (%s), but the difference may be chance with %s", name, count(r.N, "example"))
	}
}

// MarshalJSON writes null for figures that were not measured.
func (r Report) MarshalJSON() ([]byte, error) {
	type plain Report // without this method
	out := struct {
		plain
		Accuracy    *float64    `json:"accuracy"`
		Majority    *float64    `json:"majority"`
		Baseline    *float64    `json:"baseline"`
		Interval    *[2]float64 `json:"interval"`
		Temperature *float64    `json:"temperature"`
	}{plain: plain(r)}
	if out.Failures == nil {
		out.plain.Failures = []Failure{}
	}
	if r.N > 0 {
		out.Accuracy, out.Majority, out.Interval = &r.Accuracy, &r.Majority, &r.Interval
		if r.BaselineName != "" {
			out.Baseline = &r.Baseline
		}
	}
	if r.ECE != nil {
		out.Temperature = &r.Temperature
	}
	return json.Marshal(out)
}

func cutText(s string, n int) string {
	i := 0
	for at := range s {
		if i == n {
			return s[:at] + "…"
		}
		i++
	}
	return s
}

func percent(x float64) string { return fmt.Sprintf("%.1f %%", 100*x) }

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
