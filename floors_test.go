package paw_test

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// below says what a room may import of this module, and must not reach at all. docs/design.md draws
// the floors; imports go down only.
var below = map[string][]string{
	"paw/gguf":              {},
	"paw/nn":                {},
	"paw/wasm/kernel":       {},
	"paw/arch":              {"paw/gguf"},
	"paw/tokenizer":         {"paw/gguf"},
	"paw/pattern":           {},
	"paw/pawfile":           {},
	"paw/engine":            {"paw/arch", "paw/tokenizer", "paw/gguf"},
	"paw/engine/simd":       {"paw/engine", "paw/arch", "paw/tokenizer", "paw/gguf", "paw/wasm/kernel"},
	"paw/engine/wllama":     {"paw/engine", "paw/arch", "paw/tokenizer", "paw/gguf"},
	"paw/engine/reference":  {"paw/engine", "paw/arch", "paw/tokenizer", "paw/gguf"},
	"paw/function":          {"paw/engine", "paw/pattern", "paw/pawfile", "paw/arch", "paw/tokenizer", "paw/gguf"},
	"paw/store/digest":      {},
	"paw/store":             {"paw/store/digest"},
	"paw/fetch":             {"paw/store", "paw/store/digest"},
	"paw/compiler/pseudo":   {"paw/pattern"},
	"paw/compiler/report":   {"paw/compiler/pseudo", "paw/pattern"},
	"paw/compiler":          {"paw/pawfile"},
	"paw/compiler/finetune": {"paw/compiler", "paw/compiler/pseudo", "paw/compiler/report", "paw/function", "paw/engine", "paw/pattern", "paw/pawfile", "paw/arch", "paw/tokenizer", "paw/gguf", "paw/nn"},
	"paw/programs":          {},
	"paw/web/site":          {},
	"paw/web":               {"paw/web/site"},
	"paw/web/bundle":        {"paw/wasm/kernel"},
	"paw/wasm/jshost":       {"paw/wasm/kernel"},
	"paw/server":            {"paw/compiler", "paw/compiler/pseudo", "paw/models", "paw/pattern", "paw/pawfile", "paw/programs", "paw/store", "paw/store/digest", "paw/fetch", "paw/rest"},
	"paw/rest":              {"paw/pawfile"},
	"paw/edge":              {"paw/rest", "paw/pawfile", "paw/store/digest", "paw/web/site"},
}

// heavy packages must stay out of what a browser module will be built from.
var heavy = []string{"net/http", "paw/models", "paw/store", "paw/fetch", "paw/nn", "regexp", "crypto/sha256"}

// sources are looked at so that the go command runs these tests again when one has changed: what go list reads it does
// not see, and it went on telling an old result as "(cached)".
func sources(t *testing.T) {
	t.Helper()
	n := 0
	err := filepath.WalkDir(".", func(path string, e fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case e.IsDir() && (e.Name() == "node_modules" || path != "." && strings.HasPrefix(e.Name(), ".")):
			return filepath.SkipDir
		case filepath.Ext(path) == ".go":
			n++
			_, err = os.Stat(path)
		}
		return err
	})
	if err != nil || n == 0 {
		t.Fatalf("%d Go files, %v", n, err)
	}
}

func deps(t *testing.T, goos, goarch, pkg string) []string {
	t.Helper()
	cmd := exec.Command("go", "list", "-deps", pkg)
	cmd.Env = append(cmd.Environ(), "GOOS="+goos, "GOARCH="+goarch, "CGO_ENABLED=0")
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list -deps %s: %v", pkg, err)
	}
	return strings.Fields(string(out))
}

func TestImportsGoDownhill(t *testing.T) {
	sources(t)
	for pkg, allowed := range below {
		ok := map[string]bool{pkg: true}
		for _, a := range allowed {
			ok[a] = true
		}
		for _, d := range deps(t, "linux", "amd64", pkg) {
			if strings.HasPrefix(d, "paw/") && !ok[d] {
				t.Errorf("%s reaches %s, which is not below it", pkg, d)
			}
		}
	}
}

func TestBrowserRoomsStayLight(t *testing.T) {
	sources(t)
	for _, pkg := range []string{"paw/function", "paw/engine/simd", "paw/engine/wllama", "paw/pawfile", "paw/wasm"} {
		for _, d := range deps(t, "js", "wasm", pkg) {
			for _, h := range append(heavy, "github.com/tetratelabs/wazero") {
				if d == h {
					t.Errorf("%s reaches %s when built for a browser", pkg, d)
				}
			}
		}
	}
}

// TestEdgeStaysLight: a worker is started for every request, and may weigh 3 MB.
func TestEdgeStaysLight(t *testing.T) {
	allowed := map[string]bool{"paw/edge/worker": true, "paw/edge": true}
	for _, room := range below["paw/edge"] {
		allowed[room] = true
	}
	for _, d := range deps(t, "js", "wasm", "paw/edge/worker") {
		if strings.HasPrefix(d, "paw/") && !allowed[d] || d == "regexp" || strings.HasPrefix(d, "github.com/tetratelabs/") {
			t.Errorf("the worker reaches %s", d)
		}
	}
}
