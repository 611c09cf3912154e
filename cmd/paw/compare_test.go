package main

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"paw/models"
)

// The main job out of the box: no example, no option, no network.
func TestCompileWithoutAnExample(t *testing.T) {
	out := filepath.Join(t.TempDir(), "x.paw")
	started := time.Now()
	c := object(t, paw(t, "", "compile", "--spec", "Is the message urgent? Return ONLY one of: urgent, wait", "--out", out, "--json"), "compiler", "report")
	t.Logf("compiled in %v with loading", time.Since(started))
	if c["compiler"] != neuralCompiler {
		t.Errorf("the default compiler is %v", c["compiler"])
	}
	i := object(t, paw(t, "", "inspect", out, "--json"), "meta")
	meta := i["meta"].(map[string]any)
	if meta["compiler_kind"] != "mapper_lora" || meta["runtime_id"] != models.MiniID {
		t.Errorf("kind %v, runtime %v", meta["compiler_kind"], meta["runtime_id"])
	}
	r := object(t, paw(t, "", "run", out, "the server is on fire", "--json"), "label", "probabilities")
	if !slices.Contains([]string{"urgent", "wait"}, r["label"].(string)) {
		t.Errorf("answer %v", r["label"])
	}
}

// A program whose examples are JSON says so, and answers nothing else, whatever it is asked.
func TestJSONProgramsAnswerJSON(t *testing.T) {
	spec := "Return the order as JSON.\n\nInput: 3 red apples\nOutput: {\"item\": \"apples\", \"count\": 3}\n\nInput: 12 pens\nOutput: {\"item\": \"pens\", \"count\": 12}"
	out := filepath.Join(t.TempDir(), "x.paw")
	object(t, paw(t, spec, "compile", "--spec-file", "-", "--no-report", "--out", out, "--json"), "compiler")
	if meta := object(t, paw(t, "", "inspect", out, "--json"), "meta")["meta"].(map[string]any); meta["output_format"] != "json" {
		t.Errorf("output_format %v", meta["output_format"])
	}
	for _, input := range []string{"7 old clocks", "nothing", "{", "\"", "]]]}}}", "é\\u00", strings.Repeat("two blue boats ", 20)} {
		if r := object(t, paw(t, "", "run", out, input, "--json"), "output"); !json.Valid([]byte(r["output"].(string))) {
			t.Errorf("%q: %q is no JSON", input, r["output"])
		}
	}
}

// Examples count without any option: the default compiler takes its steps on them.
func TestTheDefaultLearnsFromExamples(t *testing.T) {
	out := filepath.Join(t.TempDir(), "x.paw")
	c := object(t, paw(t, shortSpec, "compile", "--spec-file", "-", "--no-report", "--out", out, "--json"), "compiler")
	meta := object(t, paw(t, "", "inspect", out, "--json"), "meta")["meta"].(map[string]any)
	if c["compiler"] != neuralCompiler || meta["compiler_kind"] != "finetune_lora" {
		t.Errorf("compiler %v, kind %v", c["compiler"], meta["compiler_kind"])
	}
}

// A program whose description states a pattern answers nothing else, whatever it is asked.
func TestPatternProgramsAnswerMatches(t *testing.T) {
	spec := "Give the date that the text names. Return only text matching /^\\d{4}-\\d{2}-\\d{2}$/.\n\nInput: on the 3rd of May 2024\nOutput: 2024-05-03\n\nInput: 12 June 1999, late\nOutput: 1999-06-12"
	want := regexp.MustCompile(`^\d{4}-\d{2}-\d{2}$`)
	out := filepath.Join(t.TempDir(), "x.paw")
	object(t, paw(t, spec, "compile", "--spec-file", "-", "--no-report", "--out", out, "--json"), "compiler")
	meta := object(t, paw(t, "", "inspect", out, "--json"), "meta")["meta"].(map[string]any)
	if meta["output_format"] != "regexp" || meta["output_pattern"] != want.String() {
		t.Errorf("output_format %v, output_pattern %v", meta["output_format"], meta["output_pattern"])
	}
	for _, input := range []string{"7 March 2021", "nothing", "", "2020-1", "é\\d", strings.Repeat("two blue boats ", 20)} {
		for _, limit := range []string{"1", "4", "50"} {
			r := object(t, paw(t, "", "run", out, input, "--max-tokens", limit, "--json"), "output")
			if !want.MatchString(r["output"].(string)) {
				t.Errorf("%q, %s tokens: %q is no match", input, limit, r["output"])
			}
			t.Logf("%.20q, %s tokens: %v", input, limit, r["output"])
		}
	}
}

func TestRefineTrainsTheNeuralProgram(t *testing.T) {
	out := filepath.Join(t.TempDir(), "x.paw")
	c := object(t, paw(t, shortSpec, "compile", "--spec-file", "-", "--refine", "--no-report", "--out", out, "--json"), "compiler")
	meta := object(t, paw(t, "", "inspect", out, "--json"), "meta")["meta"].(map[string]any)
	if c["compiler"] != refineCompiler || meta["compiler_kind"] != "finetune_lora" {
		t.Errorf("compiler %v, kind %v", c["compiler"], meta["compiler_kind"])
	}
	if r := paw(t, shortSpec, "compile", "--spec-file", "-", "--refine", "--compiler", tuneCompiler, "--out", out); r.code != exitUsage || !strings.Contains(r.err, "--refine") {
		t.Errorf("--refine with another compiler: %+v", r)
	}
}

func TestCompare(t *testing.T) {
	file := filepath.Join(t.TempDir(), "p.jsonl")
	var text []byte
	for _, name := range []string{"a", "b"} {
		b, err := json.Marshal(map[string]any{"name": name, "spec": shortSpec, "kind": "classify",
			"cases": []map[string]string{{"input": "fire!", "output": "urgent"}, {"input": "tea?", "output": "wait"}, {"input": "more tea", "output": "wait"}}})
		if err != nil {
			t.Fatal(err)
		}
		text = append(append(text, b...), '\n')
	}
	if err := os.WriteFile(file, text, 0o644); err != nil {
		t.Fatal(err)
	}
	r := paw(t, "", "eval", file, "--compare", "--steps", "2", "--json")
	if r.code != exitOK {
		t.Fatal(r.err)
	}
	var results []compared
	if err := json.Unmarshal([]byte(r.out), &results); err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, m := range results {
		names = append(names, m.Method)
		if all, kind := m.Kinds["all"], m.Kinds["classify"]; all == nil || kind == nil || all.Cases != 6 || *kind != *all || all.Exact < 0 || all.Exact > 1 {
			t.Errorf("%s: %+v %+v", m.Method, all, kind)
		}
	}
	if want := []string{"majority", "plain code", "pseudo-program only", "one fixed adapter", "neural, forward pass alone", "neural", "fine-tuned", "neural + refine"}; !slices.Equal(names, want) {
		t.Errorf("methods %q", names)
	}
	if majority := results[0].Kinds["all"].Exact; math.Abs(majority-0.667) > 0.001 {
		t.Errorf("the majority answers %g, two of three cases are one label", majority)
	}
	table := paw(t, "", "eval", file, "--compare", "--method", "majority")
	if table.code != exitOK || strings.Count(table.out, "\n") != 3 || !strings.Contains(table.out, "| majority | 66.7 | 66.7 |") {
		t.Errorf("%d %s%s", table.code, table.out, table.err)
	}
	if r := paw(t, "", "eval", file, "--compare", "--method", "guess"); r.code != exitUsage {
		t.Errorf("an unknown method: %+v", r)
	}
}

func TestAccuracyAt(t *testing.T) {
	confidence := []float64{0.9, 0.2, 0.8, 0.7, 0.6}
	hit := []bool{true, false, true, false, true}
	for share, want := range map[float64]float64{1: 0.6, 0.8: 0.75, 0.4: 1, 0.01: 1} {
		if got := accuracyAt(share, confidence, hit); math.Abs(got-want) > 1e-9 {
			t.Errorf("at %g: %g, want %g", share, got, want)
		}
	}
}
