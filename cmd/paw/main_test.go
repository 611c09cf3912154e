package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"paw/arch"
	"paw/gguf"
	"paw/models"
	"paw/models/random"
	"paw/pawfile"
)

// TestMain lets the test binary be the command, for tests that kill it.
func TestMain(m *testing.M) {
	if os.Getenv("PAW_TEST_MAIN") == "1" {
		main()
	}
	os.Exit(m.Run())
}

// tinyInterpreter writes a random GPT-2 with the mini's control tokens.
func tinyInterpreter(t *testing.T) string {
	t.Helper()
	tok, err := random.Tokenizer(true, "e r", "i n", "Ġ t")
	if err != nil {
		t.Fatal(err)
	}
	g := arch.Geometry{Arch: "gpt2", Layers: 2, Width: 64, Heads: 2, KVHeads: 2, HeadDim: 32, FFN: 128, Vocab: tok.Size(),
		Context: 768, NormEps: 1e-5, TiedOutput: true}
	var b bytes.Buffer
	if err := random.Base(&b, g, tok, random.Options{Seed: 2, Type: gguf.Q8_0, Deviation: 0.15}); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "tiny.gguf")
	if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// writing returns a function that writes files into a folder and returns their paths.
func writing(t *testing.T, dir string) func(name string, b []byte) string {
	return func(name string, b []byte) string {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, b, 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
}

type result struct {
	code     int
	out, err string
}

func paw(t *testing.T, stdin string, args ...string) result {
	t.Helper()
	var out, errs bytes.Buffer
	code := execute(t.Context(), &console{strings.NewReader(stdin), &out, &errs}, args)
	return result{code, out.String(), errs.String()}
}

// object parses JSON output and checks that the stable fields are there.
func object(t *testing.T, r result, fields ...string) map[string]any {
	t.Helper()
	if r.code != exitOK {
		t.Fatalf("exit code %d: %s", r.code, r.err)
	}
	var m map[string]any
	if err := json.Unmarshal([]byte(r.out), &m); err != nil {
		t.Fatalf("output is no JSON: %v\n%s", err, r.out)
	}
	for _, f := range fields {
		if _, ok := m[f]; !ok {
			t.Errorf("no field %q in %s", f, r.out)
		}
	}
	return m
}

const shortSpec = "Is this urgent? Return ONLY one of: urgent, wait\n\nInput: fire\nOutput: urgent\nInput: tea\nOutput: wait\n" +
	"Input: flood\nOutput: urgent\nInput: cake\nOutput: wait\nInput: smoke\nOutput: urgent\nInput: coffee\nOutput: wait\n"

func TestCompileRunInspect(t *testing.T) {
	tiny, out := tinyInterpreter(t), filepath.Join(t.TempDir(), "x.paw")
	c := object(t, paw(t, shortSpec, "compile", "--spec-file", "-", "--interpreter", tiny, "--steps", "4", "--out", out, "--json"),
		"program_id", "compiler", "seconds", "report")
	report := c["report"].(map[string]any)
	if report["n"] != 6.0 || report["majority"] != 0.5 || len(report["interval"].([]any)) != 2 || report["accuracy"] == nil {
		t.Errorf("report %v", report)
	}
	r := object(t, paw(t, "", "run", out, "a fire", "--interpreter", tiny, "--json"), "output", "label", "probabilities", "confidence", "tokens", "ms")
	p := r["probabilities"].(map[string]any)
	if sum := p["urgent"].(float64) + p["wait"].(float64); len(p) != 2 || sum < 0.999 || sum > 1.001 {
		t.Errorf("probabilities %v", p)
	}
	lines := paw(t, "one\ntwo\n\n", "run", out, "-", "--json", "--interpreter", tiny)
	if n := strings.Count(lines.out, "\n"); lines.code != exitOK || n != 3 {
		t.Errorf("three inputs gave %d answers: %s", n, lines.err)
	}
	text := paw(t, "", "run", "--interpreter", tiny, out, "--", "-dash first")
	if text.code != exitOK || !strings.Contains("urgent wait", strings.TrimSpace(text.out)) || !strings.Contains(text.err, "%") {
		t.Errorf("run as text: %+v", text)
	}
	i := object(t, paw(t, "", "inspect", out, "--json"), "kind", "meta", "adapter")
	if i["kind"] != "program" || i["adapter"].(map[string]any)["kind"] != "adapter" {
		t.Errorf("inspect says %v", i["kind"])
	}
	if g := object(t, paw(t, "", "inspect", tiny, "--json"), "geometry"); g["kind"] != "model" || g["problem"] != nil {
		t.Errorf("inspect of the interpreter: %v %v", g["kind"], g["problem"])
	}
	if x := paw(t, "", "inspect", out); x.code != exitOK || !strings.Contains(x.out, "[INPUT]") {
		t.Errorf("inspect as text: %+v", x)
	}
	// without --interpreter: the digest is neither the mini's nor a downloaded model's
	t.Setenv("PAW_HOME", t.TempDir())
	if r := paw(t, "", "run", out, "x"); r.code != exitFailed || !strings.Contains(r.err, "--interpreter") {
		t.Errorf("a program for an interpreter that is not here: %+v", r)
	}
}

func TestEval(t *testing.T) {
	tiny, file := tinyInterpreter(t), filepath.Join(t.TempDir(), "p.jsonl")
	line := func(name string) string {
		b, err := json.Marshal(map[string]any{"name": name, "spec": shortSpec, "kind": "ignored",
			"cases": []map[string]string{{"input": "fire!", "output": "urgent"}, {"input": "tea?", "output": "wait"}, {"input": "more tea", "output": "wait"}}})
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	if err := os.WriteFile(file, []byte(line("a")+"\n\n"+line("b")+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	e := object(t, paw(t, "", "eval", file, "--interpreter", tiny, "--steps", "3", "--json"), "programs", "exact_match", "majority")
	programs := e["programs"].([]any)
	first := programs[0].(map[string]any)
	if len(programs) != 2 || first["name"] != "a" || first["cases"] != 3.0 || e["majority"] != 0.667 || first["ms_per_call"] == nil {
		t.Errorf("eval says %v", e)
	}
	if one := object(t, paw(t, "", "eval", file, "--interpreter", tiny, "--steps", "1", "--limit", "1", "--json")); len(one["programs"].([]any)) != 1 {
		t.Error("--limit 1 compiled more than one program")
	}
}

func TestExitCodes(t *testing.T) {
	tiny, dir := tinyInterpreter(t), t.TempDir()
	good := filepath.Join(dir, "good.paw")
	if r := paw(t, "", "compile", "--spec", shortSpec, "--steps", "1", "--no-report", "--interpreter", tiny, "--out", good); r.code != exitOK {
		t.Fatal(r.err)
	}
	data, err := os.ReadFile(good)
	if err != nil {
		t.Fatal(err)
	}
	write := writing(t, dir)
	base, err := os.ReadFile(tiny)
	if err != nil {
		t.Fatal(err)
	}
	p, err := pawfile.ReadFile(good)
	if err != nil {
		t.Fatal(err)
	}
	p.Adapter = append([]byte{}, p.Adapter...)
	copy(p.Adapter[len(p.Adapter)-200:], bytes.Repeat([]byte{0xff}, 100)) // scales that are NaN
	nan, err := p.Encode()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args []string
		code int
		says string
	}{
		{nil, exitUsage, "compile"},
		{[]string{"nonsense"}, exitUsage, "nonsense"},
		{[]string{"run"}, exitUsage, "--help"},
		{[]string{"run", "--nonsense", good}, exitUsage, "nonsense"},
		{[]string{"compile", "--spec", "x", "--out", "y"}, exitUsage, "too short"},
		{[]string{"compile", "--spec", strings.Repeat("x", 20000), "--out", "y", "--interpreter", tiny}, exitUsage, "too long"},
		{[]string{"compile", "--spec", shortSpec}, exitUsage, "--out"},
		{[]string{"compile", "--out", "y"}, exitUsage, "--spec"},
		{[]string{"compile", "--spec", shortSpec, "--out", "y", "--interpreter", "no-such-model"}, exitUsage, "no-such-model"},
		{[]string{"compile", "--spec", shortSpec, "--out", "y", "--interpreter", tiny, "--compiler", "no-such"}, exitUsage, "no-such"},
		{[]string{"compile", "--spec", shortSpec, "--interpreter", "no-such-model", "--out", dir}, exitUsage, "is a folder"},
		{[]string{"compile", "--spec", shortSpec, "--interpreter", "no-such-model", "--out", filepath.Join(dir, "no", "x.paw")}, exitUsage, "there is no folder"},
		{[]string{"compile", "--spec", shortSpec, "--interpreter", "no-such-model", "--out", filepath.Join(good, "x.paw")}, exitUsage, "choose a file"},
		{[]string{"run", write("cut.paw", data[:len(data)/2]), "x"}, exitBadFile, "again"},
		{[]string{"run", write("not.paw", []byte("hello")), "x"}, exitBadFile, "archive"},
		{[]string{"run", write("nan.paw", nan), "x", "--interpreter", tiny}, exitBadFile, "NaN"},
		{[]string{"inspect", write("cut.gguf", base[:len(base)/2])}, exitBadFile, ""},
		{[]string{"run", good, "x", "--interpreter", write("cut2.gguf", base[:2000])}, exitBadFile, ""},
		{[]string{"eval", write("bad.jsonl", []byte("{\n")), "--interpreter", tiny}, exitBadFile, "line 1"},
		{[]string{"run", good, strings.Repeat("long ", 400), "--interpreter", tiny}, exitTooLong, "shorten"},
		{[]string{"compile", "--spec", shortSpec, "--interpreter", "no-such-model", "--out", os.DevNull}, exitUsage, "no regular file"},
		{[]string{"eval", "x.jsonl", "--method", "neural"}, exitUsage, "--compare"},
		{[]string{"serve", "--json"}, exitUsage, "json"},
		{[]string{"--help"}, exitOK, ""},
		{[]string{"compile", "--help"}, exitOK, ""},
	} {
		r := paw(t, "", c.args...)
		if r.code != c.code || !strings.Contains(r.err, c.says) {
			t.Errorf("paw %.60q: exit code %d, want %d; said %q, want %q in it", c.args, r.code, c.code, r.err, c.says)
		}
	}
	for _, cmd := range commands() {
		if r := paw(t, "", cmd.name, "--help"); r.code != exitOK || !strings.Contains(r.out, "usage: paw "+cmd.name) {
			t.Errorf("paw %s --help: %+v", cmd.name, r)
		}
	}
}

// A line that is too long takes none of the others with it, and each line has one of its own in the answers.
func TestEveryLineIsAnswered(t *testing.T) {
	tiny, good := tinyInterpreter(t), filepath.Join(t.TempDir(), "good.paw")
	if r := paw(t, "", "compile", "--spec", shortSpec, "--steps", "1", "--no-report", "--interpreter", tiny, "--out", good); r.code != exitOK {
		t.Fatal(r.err)
	}
	for i, args := range [][]string{nil, {"--json"}, nil} {
		long := strings.Repeat("long ", []int{400, 400, longestLine}[i])
		r := paw(t, "a\n"+long+"\nb\n", append([]string{"run", good, "-", "--interpreter", tiny}, args...)...)
		lines := strings.Split(strings.TrimSuffix(r.out, "\n"), "\n")
		if r.code != exitTooLong || len(lines) != 3 || !strings.Contains(r.err, "line 2") || strings.Contains(r.err, "line 3") {
			t.Errorf("%q: exit code %d, %q, said %q", args, r.code, lines, r.err)
			continue
		}
		if args == nil && (lines[0] == "" || lines[1] != "" || lines[2] == "") || args != nil && !strings.HasPrefix(lines[1], `{"error":"line 2: `) {
			t.Errorf("%q: %q", args, lines)
		}
	}
}

// A program compiled for one base must not run on another.
func TestOtherBaseIsRefused(t *testing.T) {
	tiny, out := tinyInterpreter(t), filepath.Join(t.TempDir(), "x.paw")
	if r := paw(t, "", "compile", "--spec", shortSpec, "--steps", "1", "--no-report", "--interpreter", tiny, "--out", out); r.code != exitOK {
		t.Fatal(r.err)
	}
	b, err := os.ReadFile(tiny)
	if err != nil {
		t.Fatal(err)
	}
	b[len(b)-40]++ // one weight of the last tensor
	other := filepath.Join(t.TempDir(), "other.gguf")
	if err := os.WriteFile(other, b, 0o644); err != nil {
		t.Fatal(err)
	}
	if r := paw(t, "", "run", out, "x", "--interpreter", other); r.code != exitBadFile || !strings.Contains(r.err, "recompile") {
		t.Errorf("a program on another base: %+v", r)
	}
}

// Killed at any moment, a compilation leaves the old program or the new one, never a part.
func TestKilledCompileLeavesNothingTorn(t *testing.T) {
	tiny, dir := tinyInterpreter(t), t.TempDir()
	out := filepath.Join(dir, "x.paw")
	whole := 0
	for i := range 25 {
		cmd := exec.Command(os.Args[0], "compile", "--spec", shortSpec, "--steps", "1", "--no-report", "--interpreter", tiny, "--out", out)
		cmd.Env = append(os.Environ(), "PAW_TEST_MAIN=1")
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(20+12*i) * time.Millisecond)
		if err := cmd.Process.Kill(); err != nil && !strings.Contains(err.Error(), "finished") {
			t.Fatal(err)
		}
		cmd.Wait() //nolint:errcheck // killed on purpose
		if _, err := os.Stat(out); err != nil {
			continue
		}
		if _, err := pawfile.ReadFile(out); err != nil {
			t.Fatalf("killed after %d ms: %v", 20+12*i, err)
		}
		whole++
	}
	t.Log(fmt.Sprint(whole, " of 25 compilations had written their program"))
	if err := exec.Command(os.Args[0], "-test.run", "^$").Run(); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(os.Args[0], "compile", "--spec", shortSpec, "--steps", "1", "--no-report", "--interpreter", tiny, "--out", out)
	cmd.Env = append(os.Environ(), "PAW_TEST_MAIN=1")
	if b, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("after the kills: %v: %s", err, b)
	}
}

func TestVersionAndModels(t *testing.T) {
	object(t, paw(t, "", "version", "--json"), "version", "platform", "mini_sha256")
	t.Setenv("PAW_HOME", t.TempDir())
	list := object(t, paw(t, "", "models", "list", "--json"), "models")["models"].([]any)
	if len(list) < 2 {
		t.Errorf("models %v", list)
	}
	if r := paw(t, "", "models", "pull", "no-such"); r.code == exitOK {
		t.Error("an unknown model was pulled")
	}
	if r := paw(t, "", "models"); r.code != exitUsage {
		t.Errorf("models without a word: exit code %d", r.code)
	}
}

// A downloaded interpreter whose bytes have changed is named as such: neither the program nor the server is at fault.
func TestDamagedInterpreter(t *testing.T) {
	home := t.TempDir()
	t.Setenv("PAW_HOME", home)
	pin := models.Pins[0]
	path := filepath.Join(home, "models", pin.File)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("GGUF"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, pin.Bytes); err != nil { // the right size, and a hole where the weights were
		t.Fatal(err)
	}
	for _, name := range []string{pin.ID, path} {
		r := paw(t, "", "compile", "--interpreter", name, "--spec", shortSpec, "--out", filepath.Join(home, "x.paw"))
		if r.code != exitBadFile || !strings.Contains(r.err, "paw models pull "+pin.ID) {
			t.Errorf("%s: %+v", name, r)
		}
	}
}

// A file given by its path needs no folder for downloads.
func TestInterpreterFileWithoutAHome(t *testing.T) {
	tiny, out := tinyInterpreter(t), filepath.Join(t.TempDir(), "x.paw")
	for _, name := range []string{"PAW_HOME", "HOME", "XDG_CACHE_HOME", "LocalAppData"} {
		t.Setenv(name, "")
	}
	if r := paw(t, "", "compile", "--interpreter", tiny, "--spec", shortSpec, "--steps", "1", "--no-report", "--out", out); r.code != exitOK {
		t.Errorf("%+v", r)
	}
}

// A case that does not fit is wrong and ends nothing; a name is shown, not obeyed.
func TestEvalOfHostileFiles(t *testing.T) {
	tiny, file := tinyInterpreter(t), filepath.Join(t.TempDir(), "x.jsonl")
	text, err := json.Marshal(map[string]any{"name": "red\x1b[31m", "spec": shortSpec, "cases": []map[string]string{
		{"input": "a", "output": "never said"}, {"input": strings.Repeat("long ", 400), "output": "x"}, {"input": "b", "output": "never said"},
	}})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, text, 0o644); err != nil {
		t.Fatal(err)
	}
	r := paw(t, "", "eval", file, "--failures", "--steps", "1", "--interpreter", tiny)
	if r.code != exitOK || !strings.Contains(r.out, `red\u001b[31m`) || strings.Contains(r.out, "\x1b") || strings.Count(r.out, "want") != 3 {
		t.Errorf("exit code %d, %q, said %q", r.code, r.out, r.err)
	}
}

func TestEachStageIsToldOnce(t *testing.T) {
	var told bytes.Buffer
	p := newProgress(&console{err: &told})
	for _, stage := range []string{"load", "train, part 1 of 2", "train, part 2 of 2", "train, part 1 of 2", "load"} {
		p.show(stage, stage+", step 1")
	}
	if want := "load\ntrain, part 1 of 2\ntrain, part 2 of 2\n"; told.String() != want {
		t.Errorf("told %q, want %q", told.String(), want)
	}
}
