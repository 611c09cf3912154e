package report

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"paw/compiler/pseudo"
)

var update = flag.Bool("update", false, "rewrite golden files")

// results answers n cases with the labels a and b in turn, the first wrong ones
// wrongly.
func results(n, wrong int) []Result {
	out := make([]Result, n)
	for i := range out {
		want := []string{"a", "b"}[i%2]
		got := want
		if i < wrong {
			got = []string{"b", "a"}[i%2]
		}
		out[i] = Result{Input: fmt.Sprintf("case %d", i+1), Want: want, Got: got}
	}
	return out
}

func base(n, right int) Baseline {
	b := Baseline{Name: NameCentroid, Hits: make([]bool, n)}
	for i := range right {
		b.Hits[i] = true
	}
	return b
}

func TestVerdict(t *testing.T) {
	for _, tc := range []struct {
		name    string
		results []Result
		base    Baseline
		want    string
	}{
		{"no examples", nil, Baseline{}, "not evaluated: there are no examples"},
		{"one example", results(1, 0), base(1, 0), "too few to judge: 1 example, at least 8"},
		{"seven examples, all right", results(7, 0), base(7, 0), "too few to judge: 7 examples"},
		{"seven examples, losing", results(7, 7), base(7, 7), "too few to judge"},
		{"eight examples are enough", results(8, 0), base(8, 2), "better than the plain baseline"},
		{"loses by one", results(20, 5), base(20, 16), "loses to the plain baseline (TF-IDF nearest centroid: 80.0 %)"},
		{"equal", results(20, 4), base(20, 16), "no better than the plain baseline"},
		{"ahead by chance", results(20, 3), base(20, 16), "ahead of the plain baseline (TF-IDF nearest centroid: 80.0 %), but the difference may be chance with 20 examples"},
		{"clearly ahead", results(40, 2), base(40, 24), "better than the plain baseline (TF-IDF nearest centroid: 60.0 %)"},
		{"below the majority", results(20, 12), base(20, 4), `loses to always answering "a" (50.0 %)`},
		{"as good as the majority", results(20, 10), base(20, 4), `no better than always answering "a"`},
		{"nothing to compare with", results(20, 2), Baseline{}, "not compared"},
		{"a baseline of other cases", results(20, 2), base(19, 0), "not compared"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := New(pseudo.Spec{Labels: []string{"a", "b"}}, tc.results, tc.base, 0)
			if !strings.HasPrefix(r.Verdict, tc.want) && !strings.Contains(r.Verdict, tc.want) {
				t.Errorf("verdict %q, want %q", r.Verdict, tc.want)
			}
		})
	}
}

func TestHitIgnoresSpaceAroundOnly(t *testing.T) {
	for _, tc := range []struct {
		got, want string
		hit       bool
	}{{" a\n", "a", true}, {"a", "a", true}, {"A", "a", false}, {"a b", "ab", false}, {"", "a", false}} {
		if h := (Result{Want: tc.want, Got: tc.got}).Hit(); h != tc.hit {
			t.Errorf("%q for %q: hit %v", tc.got, tc.want, h)
		}
	}
}

func TestJSON(t *testing.T) {
	keys := func(r Report) map[string]any {
		data, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		var m map[string]any
		if err := json.Unmarshal(data, &m); err != nil {
			t.Fatal(err)
		}
		var back Report
		if err := json.Unmarshal(data, &back); err != nil || back.Verdict != r.Verdict || back.Accuracy != r.Accuracy {
			t.Errorf("does not read back: %v", err)
		}
		return m
	}
	m := keys(New(pseudo.Spec{Labels: []string{"a", "b"}}, results(20, 5), base(20, 10), 0))
	if m["n"] != 20.0 || m["accuracy"] != 0.75 || m["majority"] != 0.5 || m["baseline"] != 0.5 || m["baseline_name"] != NameCentroid {
		t.Errorf("figures: %v", m)
	}
	if iv := m["interval"].([]any); len(iv) != 2 || iv[0].(float64) > 0.75 || iv[1].(float64) < 0.75 {
		t.Errorf("interval %v", m["interval"])
	}
	if len(m["failures"].([]any)) != 5 || m["labels_inferred"] != false {
		t.Errorf("failures %v, inferred %v", m["failures"], m["labels_inferred"])
	}
	if v, ok := m["ece"]; !ok || v != nil || m["temperature"] != nil {
		t.Error("calibration without probabilities is not null")
	}
	m = keys(New(pseudo.Spec{}, nil, Baseline{}, 0))
	for _, k := range []string{"accuracy", "majority", "baseline", "interval", "ece", "temperature"} {
		if v, ok := m[k]; !ok || v != nil {
			t.Errorf("%s of nothing is %v, want null", k, v)
		}
	}
	if f, ok := m["failures"].([]any); !ok || len(f) != 0 {
		t.Errorf("failures of nothing: %v, want []", m["failures"])
	}
	zero, err := json.Marshal(Report{})
	if err != nil || !strings.Contains(string(zero), `"failures":[]`) {
		t.Errorf("zero report: %s, %v", zero, err)
	}
}

func TestFailuresAreBounded(t *testing.T) {
	res := results(100, 50)
	res[0].Input = strings.Repeat("é", 5000)
	r := New(pseudo.Spec{}, res, Baseline{}, 0)
	if r.Wrong != 50 || len(r.Failures) != MaxFailures || len(r.Failures[0].Input) > 700 {
		t.Errorf("wrong %d, kept %d, input of %d bytes", r.Wrong, len(r.Failures), len(r.Failures[0].Input))
	}
}

func TestExamplesButNothingMeasured(t *testing.T) {
	r := New(pseudo.Spec{Examples: make([]pseudo.Example, 2)}, nil, Baseline{}, 0)
	if !strings.Contains(r.Verdict, "not evaluated: with 2 examples") {
		t.Errorf("verdict %q", r.Verdict)
	}
}

// withProbs gives every answer the same confidence.
func withProbs(res []Result, p float64) []Result {
	for i := range res {
		res[i].Probs = []float64{p, 1 - p}
		if res[i].Got == "b" {
			res[i].Probs = []float64{1 - p, p}
		}
	}
	return res
}

func TestGolden(t *testing.T) {
	ab := pseudo.Spec{Labels: []string{"a", "b"}}
	inferred := pseudo.Spec{Labels: []string{"a", "b"}, LabelsInferred: true}
	hostile := results(8, 1)
	hostile[0].Input, hostile[0].Got = "\x1b[2Jclear\r\n the screen", "<script>\u202e"
	for name, r := range map[string]Report{
		"better":     New(ab, withProbs(results(40, 2), 0.99), base(40, 24), 0),
		"loses":      New(inferred, results(20, 5), base(20, 16), 0),
		"few":        New(ab, results(3, 1), base(3, 1), 0),
		"none":       New(ab, nil, Baseline{}, 0),
		"free-text":  New(pseudo.Spec{}, results(10, 2), Baseline{NameCopy, make([]bool, 10)}, 0),
		"hostile":    New(pseudo.Spec{}, hostile, Baseline{}, 0),
		"many-wrong": New(ab, results(60, 30), base(60, 12), 0),
	} {
		t.Run(name, func(t *testing.T) {
			var b strings.Builder
			if err := r.Write(&b); err != nil {
				t.Fatal(err)
			}
			data, err := json.MarshalIndent(r, "", "  ")
			if err != nil {
				t.Fatal(err)
			}
			golden(t, name+".txt", b.String())
			golden(t, name+".json", string(data)+"\n")
		})
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", "golden", name)
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v: run go test -update", err)
	}
	if got != string(want) {
		t.Errorf("%s differs:\n%s\nrun go test -update if this is meant", path, got)
	}
}
