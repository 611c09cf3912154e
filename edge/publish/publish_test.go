package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"paw/edge"
	"paw/models"
)

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestSiteAndInterpretersArePublished(t *testing.T) {
	dist, out := t.TempDir(), t.TempDir()
	for name, text := range map[string]string{
		"index.html": "<html>", "index.html.br": "b", "placeholder.html": "x", "assets.json": "{}", "sdk/paw.js": "sdk", "sdk/paw.js.gz": "g", "notes.txt": "secret",
	} {
		write(t, filepath.Join(dist, name), text)
	}
	if err := run([]string{"--site", dist, "--out", out}); err != nil {
		t.Fatal(err)
	}
	records := map[string]string{}
	text, err := os.ReadFile(filepath.Join(out, "records.json"))
	if err != nil {
		t.Fatal(err)
	}
	var list []struct{ Key, Value string }
	if err := json.Unmarshal(text, &list); err != nil {
		t.Fatal(err)
	}
	for _, r := range list {
		records[r.Key] = r.Value
	}
	var s edge.Site
	if err := json.Unmarshal([]byte(records[edge.SiteRecord]), &s); err != nil {
		t.Fatal(err)
	}
	if len(s.Files) != 3 || len(s.Files["index.html"]) != 2 || len(s.Files["sdk/paw.js"]) != 2 {
		t.Errorf("the site is %v", s.Files)
	}
	_, digest, err := models.Mini()
	if err != nil {
		t.Skip(err)
	}
	var m edge.Model
	if err := json.Unmarshal([]byte(records[edge.ModelRecord(digest)]), &m); err != nil {
		t.Fatal(err)
	}
	if i, err := os.Stat(filepath.Join(out, "objects", edge.ObjectPrefix, m.File.SHA256)); err != nil || m.File.SHA256 != digest || i.Size() != m.File.Size {
		t.Errorf("%v, %v", m, err)
	}
	if r := records[edge.RuntimeRecord(models.MiniID)]; !strings.Contains(r, `"`+edge.HostMark+"/models/"+digest+`.gguf"`) {
		t.Errorf("the runtime is %s", r)
	}
	for key := range records {
		if id, is := strings.CutPrefix(key, "runtime/"); is && !edge.ValidRuntime(id) {
			t.Errorf("the edge does not ask for %s", key)
		}
	}
}

func TestWhatCannotBePublished(t *testing.T) {
	dir := t.TempDir()
	broken, out := filepath.Join(dir, "broken.paw"), filepath.Join(dir, "out")
	write(t, broken, "PK")
	for want, args := range map[string][]string{
		"--out":        {},
		"make web":     {"--site", dir, "--out", out},
		"broken.paw":   {"--site", "", "--out", out, broken},
		"data folder":  {"--site", "", "--out", out, "--data", filepath.Join(dir, "nowhere")},
		"2 to 50":      {"--site", "", "--out", out, "../x=" + broken},
		"nowhere.gguf": {"--site", "", "--out", out, "--model", filepath.Join(dir, "nowhere.gguf")},
	} {
		if err := run(args); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: %v, want %q", args, err, want)
		}
	}
	if _, err := os.Stat(filepath.Join(out, "records.json")); err == nil {
		t.Error("a failed run left records")
	}
}
