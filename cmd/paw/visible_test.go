package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"paw/models"
	"paw/pawfile"
)

func TestVisible(t *testing.T) {
	for in, want := range map[string]string{
		"plain\ttext\nünï 日本 👩‍💻": "plain\ttext\nünï 日本 👩‍💻",
		"\x1b[2J\a\r\x00":         `\u001b[2J\u0007\u000d\u0000`,
		"\u009b31m\x7f":           `\u009b31m\u007f`,
		"a\u202etxt.\u2066":       `a\u202etxt.\u2066`,
		"\xff\x9b2J":              "\uFFFD2J",
	} {
		if got := visible(in); got != want {
			t.Errorf("%q became %q, want %q", in, got, want)
		}
	}
}

// hostile writes a program that would talk to a terminal.
func hostile(t *testing.T) (path string, p *pawfile.Program) {
	t.Helper()
	tiny, path := tinyInterpreter(t), filepath.Join(t.TempDir(), "x.paw")
	if r := paw(t, "", "compile", "--spec", shortSpec, "--steps", "1", "--no-report", "--interpreter", tiny, "--out", path); r.code != exitOK {
		t.Fatal(r.err)
	}
	p, err := pawfile.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	p.Template += "\x1b]0;title\a\u009b2J"
	p.Meta.RuntimeID, p.Meta.CompilerSnapshot = "gpt2-q8_0\x1b[2J; rm -rf", "x\r\u009b2Jy"
	data, err := p.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
	return path, p
}

func TestInspectPrintsNothingThatATerminalObeys(t *testing.T) {
	path, p := hostile(t)
	t.Setenv("PAW_HOME", t.TempDir())
	for _, args := range [][]string{{"inspect", path}, {"inspect", path, "--tensors"}, {"inspect", path, "--json"}, {"run", path, "x"}} {
		r := paw(t, "", args...)
		if i := strings.IndexFunc(r.out+r.err, obeyed); i >= 0 {
			t.Errorf("%q printed %q", args, (r.out + r.err)[i:][:min(20, len(r.out+r.err)-i)])
		}
	}
	var shown struct {
		Template string `json:"prompt_template"`
	}
	if err := json.Unmarshal([]byte(paw(t, "", "inspect", path, "--json").out), &shown); err != nil || shown.Template != p.Template {
		t.Errorf("as JSON the template is %q (%v)", shown.Template, err)
	}
}

func TestAdviceAboutAMissingInterpreter(t *testing.T) {
	l := &models.Library{Dir: t.TempDir(), Pins: models.Pins}
	gpt2, qwen := models.Pins[0], models.Pins[1]
	for name, c := range map[string]struct {
		id, digest string
		want, not  string
	}{
		"can be pulled":            {gpt2.ID, gpt2.SHA256, "paw models pull gpt2-q8_0", "again"},
		"the same, another id":     {"theirs", gpt2.SHA256, "paw models pull gpt2-q8_0", "pull theirs"},
		"made elsewhere, by id":    {gpt2.ID, "", "paw models pull gpt2-q8_0", "sha256"},
		"the id, other bytes":      {gpt2.ID, strings.Repeat("ab", 32), "compile it again", "pull"},
		"runs in pages only":       {qwen.ID, qwen.SHA256, "compile it again", "pull"},
		"an older mini":            {"paw-mini-1", strings.Repeat("ab", 32), "--interpreter FILE", "pull"},
		"somebody's file":          {"gguf-0123456789abcdef", strings.Repeat("ab", 32), "compile it again", "pull"},
		"an id that gives orders":  {"x\x1b[2J\n; rm -rf ~", "", `"x\x1b[2J\n; rm -rf ~"`, "\x1b"},
		"a digest that gives them": {"x", "\x1b[2J", `\x1b[2J`, "\x1b"},
	} {
		got := missing(l, &pawfile.Meta{RuntimeID: c.id, BaseSHA256: c.digest}).Error()
		if !strings.Contains(got, c.want) || strings.Contains(got, c.not) {
			t.Errorf("%s: %q; want %q, not %q", name, got, c.want, c.not)
		}
	}
	if r := paw(t, "", "compile", "--spec", shortSpec, "--out", filepath.Join(t.TempDir(), "x.paw"), "--interpreter", qwen.ID); r.code != exitUsage || strings.Contains(r.err, "pull") {
		t.Errorf("compiling for one that runs in pages only: %+v", r)
	}
}
