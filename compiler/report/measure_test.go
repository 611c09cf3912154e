package report

import (
	"math"
	"slices"
	"strings"
	"testing"

	"paw/compiler/pseudo"
	"paw/programs"
)

func TestWilson(t *testing.T) {
	// Reference values: Newcombe 1998 and R's prop.test without correction.
	for _, tc := range []struct {
		hits, n int
		lo, hi  float64
	}{
		{0, 0, 0, 1}, {0, 10, 0, 0.2775}, {10, 10, 0.7225, 1}, {5, 10, 0.2366, 0.7634},
		{81, 263, 0.2553, 0.3662}, {15, 148, 0.0624, 0.1605}, {1, 29, 0.0061, 0.1718},
	} {
		lo, hi := Wilson(tc.hits, tc.n)
		if math.Abs(lo-tc.lo) > 5e-5 || math.Abs(hi-tc.hi) > 5e-5 {
			t.Errorf("%d of %d: %.4f to %.4f, want %.4f to %.4f", tc.hits, tc.n, lo, hi, tc.lo, tc.hi)
		}
	}
}

func TestFolds(t *testing.T) {
	labels := strings.Fields(strings.Repeat("a ", 10) + strings.Repeat("b ", 7) + strings.Repeat("c ", 4))
	for _, tc := range []struct{ n, k, folds int }{{21, 5, 5}, {21, 21, 21}, {21, 100, 21}, {21, 2, 2}, {1, 5, 0}, {0, 5, 0}, {21, 1, 0}, {21, 0, 0}, {21, -1, 0}} {
		folds := Folds(tc.n, tc.k, 7, labels)
		if len(folds) != tc.folds {
			t.Errorf("n %d k %d: %d folds, want %d", tc.n, tc.k, len(folds), tc.folds)
			continue
		}
		if tc.folds == 0 {
			continue
		}
		var all []int
		for _, f := range folds {
			all = append(all, f...)
			if len(f) < tc.n/len(folds) || len(f) > (tc.n+len(folds)-1)/len(folds) {
				t.Errorf("n %d k %d: a fold of %d", tc.n, tc.k, len(f))
			}
		}
		for _, l := range []string{"a", "b", "c"} {
			lo, hi := tc.n, 0
			for _, f := range folds {
				c := 0
				for _, i := range f {
					if labels[i] == l {
						c++
					}
				}
				lo, hi = min(lo, c), max(hi, c)
			}
			if hi-lo > 1 {
				t.Errorf("n %d k %d: label %s between %d and %d times", tc.n, tc.k, l, lo, hi)
			}
		}
		slices.Sort(all)
		for i := range all {
			if all[i] != i {
				t.Fatalf("n %d k %d: indices %v", tc.n, tc.k, all)
			}
		}
	}
	same := func(a, b [][]int) bool { return slices.EqualFunc(a, b, slices.Equal) }
	if !same(Folds(21, 5, 7, labels), Folds(21, 5, 7, labels)) {
		t.Error("the same seed gives other folds")
	}
	if same(Folds(21, 5, 7, labels), Folds(21, 5, 8, labels)) {
		t.Error("another seed gives the same folds")
	}
	// Fixed forever: reports of earlier versions must be reproducible.
	if want := [][]int{{4, 7, 9}, {2, 3, 5}, {0, 8}, {1, 6}}; !same(Folds(10, 4, 1, nil), want) {
		t.Errorf("Folds(10, 4, 1) = %v, want %v", Folds(10, 4, 1, nil), want)
	}
}

// A predictor that remembers its training rows answers everything it has seen:
// a held-out row that leaks would be a hit.
func TestHeldOutRowsNeverLeak(t *testing.T) {
	var examples []pseudo.Example
	for i := range 23 {
		examples = append(examples, pseudo.Example{Input: strings.Repeat("x", i+1), Output: string(rune('a' + i))})
	}
	examples = append(examples, examples[3], examples[4]) // repeated rows must not leak either
	outs := outputs(examples)
	for _, k := range []int{2, 5, len(examples)} {
		folds := Folds(len(examples), k, 3, outs)
		trained := 0
		hits := CrossValidate(examples, folds, func(train []pseudo.Example) func(string) string {
			trained++
			memory := map[string]string{}
			for _, e := range train {
				memory[e.Input] = e.Output
			}
			return func(in string) string { return memory[in] }
		})
		if i := slices.Index(hits, true); i >= 0 {
			t.Errorf("%d folds: example %d was answered from memory", k, i)
		}
		if trained != len(folds) {
			t.Errorf("%d folds: trained %d times", k, trained)
		}
	}
}

// The centroid cannot leak either: words unique to a held-out row have no vector.
func TestCentroidSeesOnlyTraining(t *testing.T) {
	train := []pseudo.Example{{Input: "red apple", Output: "fruit"}, {Input: "green car", Output: "vehicle"}}
	c := NewCentroid([]string{"fruit", "vehicle"}, train)
	if _, ok := c.ids["banana"]; ok {
		t.Error("knows a word it has never seen")
	}
	for in, want := range map[string]string{"an apple a day": "fruit", "my car": "vehicle", "FRUIT!": "fruit", "vehicle": "vehicle", "banana": "fruit", "": "fruit"} {
		if got := c.Predict(in); got != want {
			t.Errorf("%q: %s, want %s", in, got, want)
		}
	}
}

func TestCentroidUsesPairsOfWords(t *testing.T) {
	train := []pseudo.Example{
		{Input: "not good at all", Output: "bad"}, {Input: "not good today", Output: "bad"},
		{Input: "good and not late", Output: "ok"}, {Input: "good, not dear", Output: "ok"},
	}
	if got := NewCentroid([]string{"ok", "bad"}, train).Predict("not good"); got != "bad" {
		t.Errorf("got %s", got)
	}
}

func TestBaselines(t *testing.T) {
	free := []pseudo.Example{{Input: "a", Output: "a"}, {Input: "b", Output: "b"}, {Input: "c", Output: "none"}, {Input: "d", Output: "e"}}
	for _, tc := range []struct {
		name        string
		labels      []string
		train, test []pseudo.Example
		want        string
		accuracy    float64
	}{
		{"labels", []string{"a", "b"}, []pseudo.Example{{Input: "one", Output: "a"}, {Input: "two", Output: "b"}}, []pseudo.Example{{Input: "one", Output: "a"}, {Input: "two", Output: "a"}}, NameCentroid, 0.5},
		{"copying is best", nil, free, free, NameCopy, 0.5},
		{"a constant is best", nil, []pseudo.Example{{Input: "x", Output: "none"}}, []pseudo.Example{{Input: "y", Output: "none"}, {Input: "z", Output: "q"}}, NameConstant, 0.5},
		{"no training rows", []string{"a", "b"}, nil, []pseudo.Example{{Input: "this is b", Output: "b"}}, NameCentroid, 1},
		{"no cases", []string{"a", "b"}, free, nil, "", 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			b := PlainBaseline(tc.labels, tc.train, tc.test)
			if b.Name != tc.want || b.Accuracy() != tc.accuracy || len(b.Hits) != len(tc.test) {
				t.Errorf("%s %.2f (%d cases), want %s %.2f", b.Name, b.Accuracy(), len(b.Hits), tc.want, tc.accuracy)
			}
		})
	}
	cross := CrossBaseline(nil, free, Folds(4, 4, 1, nil))
	if cross.Name != NameCopy || cross.Accuracy() != 0.5 {
		t.Errorf("cross-validated: %s %.2f", cross.Name, cross.Accuracy())
	}
}

// The catalogue must leave room: plain code neither fails nor solves it.
func TestBaselineOnCatalogue(t *testing.T) {
	sum, n := 0.0, 0
	for _, p := range programs.All() {
		s, err := pseudo.Parse(p.Spec)
		if err != nil {
			t.Fatal(err)
		}
		var cases []pseudo.Example
		for _, c := range p.Cases {
			cases = append(cases, pseudo.Example{Input: c.Input, Output: c.Output})
		}
		_, majority := Majority(outputs(cases))
		b := PlainBaseline(s.Labels, s.Examples, cases)
		if again := PlainBaseline(s.Labels, s.Examples, cases); !slices.Equal(again.Hits, b.Hits) {
			t.Errorf("%s: not deterministic", p.Name)
		}
		t.Logf("%-18s majority %.2f  %s %.2f", p.Name, majority, b.Name, b.Accuracy())
		if len(s.Labels) > 0 {
			sum += b.Accuracy() - majority
			n++
		}
	}
	if gain := sum / float64(n); gain < 0.02 || gain > 0.4 {
		t.Errorf("the centroid gains %.2f over the majority on labelled programs", gain)
	}
}

func TestTemperature(t *testing.T) {
	cases := func(n, wrong int, p float64) []Scored {
		out := make([]Scored, n)
		for i := range out {
			out[i] = Scored{[]float64{p, 1 - p}, 0}
			if i%max(1, n/max(1, wrong)) == 0 && wrong > 0 {
				out[i].Want = 1
			}
		}
		return out
	}
	over := FitTemperature(cases(100, 25, 0.99), 1) // says 99 %, is right in 75 %
	if p := Rescale([]float64{0.99, 0.01}, over)[0]; math.Abs(p-0.75) > 0.03 {
		t.Errorf("overconfident: temperature %.2f makes %.3f of 0.99, want 0.75", over, p)
	}
	under := FitTemperature(cases(100, 10, 0.75), 1)
	if p := Rescale([]float64{0.75, 0.25}, under)[0]; math.Abs(p-0.9) > 0.03 {
		t.Errorf("underconfident: temperature %.2f makes %.3f of 0.75, want 0.9", under, p)
	}
	if got := FitTemperature(cases(7, 2, 0.9), 1); got != 1 {
		t.Errorf("seven cases give %.2f, want 1", got)
	}
	if got := FitTemperature(cases(10, 0, 0.9), 1); got < minTemperature || got > 1 {
		t.Errorf("ten right answers give %.2f", got)
	}
	if got := FitTemperature([]Scored{{nil, 0}, {nil, 0}, {nil, -1}, {[]float64{1, 0}, -1}, {[]float64{0, 1}, 0}, {[]float64{0, 0}, 0}, {nil, 5}, {nil, 5}}, 1); math.IsNaN(got) || got <= 0 {
		t.Errorf("degenerate cases give %v", got)
	}
}

func TestRescaleKeepsOrderAndSum(t *testing.T) {
	p := []float64{0.6, 0.3, 0.1, 0}
	for _, temp := range []float64{0.25, 1, 3, 8} {
		q := Rescale(p, temp)
		sum := 0.0
		for i, x := range q {
			sum += x
			if i > 0 && x > q[i-1] {
				t.Errorf("temperature %v changes the order: %v", temp, q)
			}
		}
		if math.Abs(sum-1) > 1e-12 {
			t.Errorf("temperature %v: sum %v", temp, sum)
		}
	}
	if q := Rescale(p, 1); math.Abs(q[0]-0.6) > 1e-9 {
		t.Errorf("temperature 1 changes probabilities: %v", q)
	}
}

func TestECE(t *testing.T) {
	for _, tc := range []struct {
		name string
		conf []float64
		hit  []bool
		want float64
	}{
		{"nothing", nil, nil, 0},
		{"certain and right", []float64{1, 1}, []bool{true, true}, 0},
		{"certain and wrong", []float64{1, 1}, []bool{false, false}, 1},
		{"calibrated", []float64{0.75, 0.75, 0.75, 0.75}, []bool{true, true, true, false}, 0},
		{"two bins", []float64{0.95, 0.95, 0.55, 0.55}, []bool{true, true, true, true}, (2*0.05 + 2*0.45) / 4},
		{"edges", []float64{0, 0.1, 1}, []bool{false, false, true}, 0.1 / 3},
	} {
		if got := ECE(tc.conf, tc.hit); math.Abs(got-tc.want) > 1e-9 {
			t.Errorf("%s: %.4f, want %.4f", tc.name, got, tc.want)
		}
	}
	if e := HeldOutECE(nil, 1); e != 0 {
		t.Errorf("held-out error of nothing: %v", e)
	}
}
