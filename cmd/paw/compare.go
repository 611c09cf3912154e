package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"paw/compiler"
	"paw/compiler/finetune"
	"paw/compiler/neural"
	"paw/compiler/pseudo"
	"paw/compiler/report"
	"paw/function"
	"paw/models"
	"paw/programs"
)

// A method answers all cases of a program.
type method struct {
	Name    string            `json:"name"`
	compile compiler.Compiler // nil for the plain ones
	plain   func(pseudo.Spec, []programs.Case) []string
}

// methods are what a neural compiler is compared with, the plain ones first.
func methods(b *base) ([]method, error) {
	encoder, mapper, snapshot, err := models.MiniCompiler()
	if err != nil {
		return nil, err
	}
	if b.RuntimeID != models.MiniID {
		return nil, misuse("--compare measures the embedded mini: leave out --interpreter")
	}
	n, err := neural.Load(encoder, mapper, b.Engine.Geometry(), b.Engine.Tokenizer(), b.SHA256, snapshot)
	if err != nil {
		return nil, err
	}
	from := func(name string, e finetune.Effort) method {
		return method{Name: name, compile: finetune.NewFrom(name, b.Base, n, e)}
	}
	control := func(name string, s finetune.Start) method {
		return method{Name: name, compile: finetune.NewControl(name, b.Base, s)}
	}
	list := []method{
		{Name: "majority", plain: majorityOf},
		{Name: "plain code", plain: plainOf},
		control("pseudo-program only", neural.Bare(b.Engine.Geometry())),
	}
	if f := n.Fixed(); f != nil {
		list = append(list, control("one fixed adapter", f))
	}
	return append(list,
		from("neural, forward pass alone", finetune.Forward),
		from("neural", finetune.Brief),
		method{Name: "fine-tuned", compile: finetune.New(tuneCompiler, b.Base)},
		from("neural + refine", finetune.Full)), nil
}

// majorityOf answers with the most common output of the cases themselves: no program can know it.
func majorityOf(_ pseudo.Spec, cases []programs.Case) []string {
	var outputs []string
	for _, c := range cases {
		outputs = append(outputs, c.Output)
	}
	most, _ := report.Majority(outputs)
	return slices.Repeat([]string{most}, len(cases))
}

// plainOf is the baseline of the reports: TF-IDF with nearest centroid, copying, the most common output.
func plainOf(spec pseudo.Spec, cases []programs.Case) []string {
	var test []pseudo.Example
	for _, c := range cases {
		test = append(test, pseudo.Example{Input: c.Input, Output: c.Output})
	}
	out := make([]string, len(cases))
	for i, hit := range report.PlainBaseline(spec.Labels, spec.Examples, test).Hits {
		if hit {
			out[i] = strings.TrimSpace(cases[i].Output)
		}
	}
	return out
}

// tally counts right answers.
type tally struct {
	Cases int     `json:"cases"`
	Exact float64 `json:"exact_match"`
	hits  int
}

func (t *tally) add(hit bool) {
	t.Cases++
	if hit {
		t.hits++
	}
	t.Exact = round(float64(t.hits) / float64(t.Cases))
}

// compared is what one method did.
type compared struct {
	Method string            `json:"method"`
	Kinds  map[string]*tally `json:"kinds"` // and "all"
	Few    *tally            `json:"labels_3_to_6"`

	// Of labelled programs: calibration error as the programs say it, and of a temperature fitted on
	// these very answers (for choosing one on other families); accuracy of the most confident 80 %.
	ECE         float64 `json:"ece"`
	Temperature float64 `json:"fitted_temperature"`
	Coverage80  float64 `json:"accuracy_at_80"`

	Failures []report.Failure `json:"failures,omitempty"`

	confidence []float64
	hit        []bool
	scored     []report.Scored
}

// compare runs every method on every program.
func compare(ctx context.Context, c *console, b *base, lines []programs.Program, only string, o compileOptions, asJSON bool) error {
	list, err := methods(b)
	if err != nil {
		return err
	}
	show := newProgress(c)
	defer show.done()
	var results []*compared
	for _, m := range list {
		if only != "" && m.Name != only {
			continue
		}
		r := &compared{Method: m.Name, Kinds: map[string]*tally{"all": {}}, Few: &tally{}}
		for i, l := range lines {
			show.show(m.Name+l.Name, fmt.Sprintf("%s, %d of %d: %s", m.Name, i+1, len(lines), l.Name))
			if err := r.program(ctx, b, m, l, o); err != nil {
				return fmt.Errorf("%s, program %s: %w", m.Name, l.Name, err)
			}
		}
		r.finish()
		results = append(results, r)
	}
	show.done()
	if len(results) == 0 {
		return misuse("no method is called %q", only)
	}
	if asJSON {
		return printJSON(c.out, results)
	}
	printCompared(plain{c.out}, results)
	return nil
}

func (r *compared) program(ctx context.Context, b *base, m method, l programs.Program, o compileOptions) error {
	spec, err := pseudo.Parse(l.Spec)
	if err != nil {
		return err
	}
	kind := r.Kinds[l.Kind]
	if kind == nil {
		kind = &tally{}
		r.Kinds[l.Kind] = kind
	}
	few := len(spec.Labels) >= 3 && len(spec.Labels) <= 6
	count := func(hit bool) {
		kind.add(hit)
		r.Kinds["all"].add(hit)
		if few {
			r.Few.add(hit)
		}
	}
	if m.plain != nil {
		for i, answer := range m.plain(spec, l.Cases) {
			count(answer == strings.TrimSpace(l.Cases[i].Output))
		}
		return nil
	}
	p, err := m.compile.Compile(ctx, o.request(l.Spec), nil)
	if err != nil {
		return err
	}
	f, err := function.Open(ctx, b.Engine, p, function.Options{BaseSHA256: b.SHA256})
	if err != nil {
		return err
	}
	defer f.Close()
	for i, k := range l.Cases {
		want := strings.TrimSpace(k.Output)
		a, err := f.Call(ctx, k.Input, function.Call{MaxTokens: 64})
		if err != nil && !tooLong(err) { // that one is wrong, and the others are measured
			return fmt.Errorf("case %d: %w", i+1, err)
		}
		hit := err == nil && a.Output == want
		count(hit)
		if !hit {
			r.Failures = append(r.Failures, report.Failure{Input: l.Name + ": " + k.Input, Want: want, Got: a.Output, Confidence: a.Confidence})
		}
		if len(a.Probabilities) > 0 {
			r.confidence, r.hit = append(r.confidence, float64(a.Confidence)), append(r.hit, hit)
			s := report.Scored{Want: -1}
			for j, p := range a.Probabilities {
				s.Probs = append(s.Probs, float64(p.Probability))
				if p.Label == want {
					s.Want = j
				}
			}
			r.scored = append(r.scored, s)
		}
	}
	return nil
}

func (r *compared) finish() {
	if len(r.hit) > 0 {
		r.ECE = round(report.ECE(r.confidence, r.hit))
		r.Temperature = round(report.FitTemperature(r.scored, 1))
		r.Coverage80 = round(accuracyAt(0.8, r.confidence, r.hit))
	}
	const shown = 20 // spread over all, not the first programs' only
	if n := len(r.Failures); n > shown {
		var some []report.Failure
		for i := range shown {
			some = append(some, r.Failures[i*n/shown])
		}
		r.Failures = some
	}
}

// accuracyAt is the accuracy of the most confident share of the answers.
func accuracyAt(share float64, confidence []float64, hit []bool) float64 {
	order := make([]int, len(hit))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		switch {
		case confidence[a] > confidence[b]:
			return -1
		case confidence[a] < confidence[b]:
			return 1
		}
		return 0
	})
	n := max(1, int(share*float64(len(hit))+0.5))
	right := 0
	for _, i := range order[:n] {
		if hit[i] {
			right++
		}
	}
	return float64(right) / float64(n)
}

func printCompared(w io.Writer, results []*compared) {
	var kinds []string
	for k := range results[0].Kinds {
		if k != "all" {
			kinds = append(kinds, k)
		}
	}
	slices.Sort(kinds)
	kinds = append(kinds, "all")
	fmt.Fprintf(w, "| method |")
	for _, k := range kinds {
		fmt.Fprintf(w, " %s (%d) |", k, results[0].Kinds[k].Cases)
	}
	fmt.Fprintf(w, " 3–6 labels (%d) | ECE | at 80 %% | fitted temperature |\n|---|%s\n", results[0].Few.Cases, strings.Repeat("---|", len(kinds)+4))
	for _, r := range results {
		fmt.Fprintf(w, "| %s |", r.Method)
		for _, k := range kinds {
			fmt.Fprintf(w, " %.1f |", 100*r.Kinds[k].Exact)
		}
		fmt.Fprintf(w, " %.1f |", 100*r.Few.Exact)
		if len(r.hit) == 0 {
			fmt.Fprintln(w, " | | |")
			continue
		}
		fmt.Fprintf(w, " %.3f | %.1f | %.2f |\n", r.ECE, 100*r.Coverage80, r.Temperature)
	}
}
