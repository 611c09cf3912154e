// Package bundle builds the web site from its sources: the Go module, the kernel, the second engine
// where it was fetched, the worker, the page and the service worker, in this order, because each names the hashed URLs of those before it.
// It uses esbuild's Go API and the Go toolchain; no Node. The same sources give the same bytes.
package bundle

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"paw/wasm/kernel"

	"github.com/evanw/esbuild/pkg/api"
)

// Asset is a file of the site whose name holds its hash, so that it may be cached for ever.
type Asset struct {
	URL       string `json:"url"`
	Integrity string `json:"integrity"` // for Subresource Integrity
	Bytes     int    `json:"bytes"`
	Brotli    int    `json:"brotli"` // bytes when compressed
}

// Builder collects the files of a site.
type Builder struct {
	root   string // of the module
	out    string
	assets map[string]Asset // by plain name
	files  map[string]bool  // written below out
}

// Build writes the site into out, which keeps only what this build wrote and its placeholder.
// root is the folder of go.mod.
func Build(ctx context.Context, root, out string) (map[string]Asset, error) {
	b := &Builder{root: root, out: out, assets: map[string]Asset{}, files: map[string]bool{"placeholder.html": true}}
	if err := os.MkdirAll(filepath.Join(out, "assets"), 0o755); err != nil {
		return nil, err
	}
	steps := []func(context.Context) error{b.modules, b.wllama, b.worker, b.page, b.sdk, b.serviceWorker, b.list, b.sweep}
	for _, step := range steps {
		if err := step(ctx); err != nil {
			return nil, err
		}
	}
	return b.assets, nil
}

// Wasm builds the Go module of the browser. Inlining is off: it makes the file a tenth larger to
// download, and the arithmetic is in the kernel.
func Wasm(ctx context.Context, root string) ([]byte, error) {
	dir, err := os.MkdirTemp("", "paw-wasm-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	out := filepath.Join(dir, "paw.wasm")
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=false", "-gcflags=all=-l", "-ldflags=-s -w", "-o", out, "./wasm")
	cmd.Dir = root
	cmd.Env = append(cmd.Environ(), "GOOS=js", "GOARCH=wasm", "CGO_ENABLED=0", "GOFLAGS=")
	if text, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("bundle: building the browser module: %w\n%s", err, text)
	}
	return os.ReadFile(out)
}

func (b *Builder) modules(ctx context.Context) error {
	paw, err := Wasm(ctx, b.root)
	if err != nil {
		return err
	}
	if err := b.asset("paw.wasm", paw); err != nil {
		return err
	}
	return errors.Join(b.asset(kernels[0], kernel.Wasm), b.asset(kernels[1], kernel.Relaxed), b.asset(kernels[2], kernel.Threads), b.asset(kernels[3], kernel.ThreadsRelaxed))
}

// kernels are the builds of the kernel, as web/src/kernel.ts chooses among them.
var kernels = []string{"kernel.wasm", "kernel-relaxed.wasm", "kernel-threads.wasm", "kernel-threads-relaxed.wasm"}

func (b *Builder) worker(ctx context.Context) error {
	thread, err := bundle(b.src("thread.ts"), nil, nil, nil)
	if err != nil {
		return err
	}
	if err := b.asset("thread.js", thread); err != nil {
		return err
	}
	js, err := workerScript(ctx, b.root, b.assets)
	if err != nil {
		return err
	}
	return b.asset("worker.js", js)
}

// workerScript names the assets that the worker loads; there may be no second engine among them.
func workerScript(ctx context.Context, root string, assets map[string]Asset) ([]byte, error) {
	loader, err := wasmExec(ctx)
	if err != nil {
		return nil, err
	}
	builds := make([]string, len(kernels))
	for i, name := range kernels {
		builds[i] = near(assets, name)
	}
	return bundle(filepath.Join(root, "web", "src", "worker.ts"), nil, map[string]string{"wasm_exec": loader}, map[string]any{
		"__WASM_URL__": near(assets, "paw.wasm"), "__KERNELS__": builds, "__THREAD_URL__": near(assets, "thread.js"), "__WLLAMA_URL__": near(assets, "wllama.js"),
	})
}

func (b *Builder) page(context.Context) error {
	define := map[string]any{"__WORKER_URL__": b.near("worker.js"), "__SCRIPTS__": []string{"/sw.js"}}
	js, err := bundle(b.src("page/main.ts"), nil, nil, define)
	if err != nil {
		return err
	}
	client, err := bundle(b.src("client.ts"), nil, nil, define)
	if err != nil {
		return err
	}
	css, err := bundle(b.src("style.css"), nil, nil, nil)
	if err != nil {
		return err
	}
	icon, err := os.ReadFile(b.src("icon.svg"))
	if err != nil {
		return err
	}
	err = errors.Join(b.asset("client.js", client), b.asset("page.js", js), b.asset("style.css", css), b.asset("icon.svg", icon))
	if err != nil {
		return err
	}
	if err := b.manifest(); err != nil {
		return err
	}
	html, err := os.ReadFile(b.src("index.html"))
	if err != nil {
		return err
	}
	for _, name := range []string{"page.js", "style.css", "icon.svg"} {
		html = bytes.ReplaceAll(html, []byte("{{"+name+"}}"), []byte(b.assets[name].URL))
		html = bytes.ReplaceAll(html, []byte("{{"+name+" integrity}}"), []byte(b.assets[name].Integrity))
	}
	if at := bytes.Index(html, []byte("{{")); at >= 0 {
		return fmt.Errorf("bundle: index.html holds an unknown placeholder: %.40q", html[at:])
	}
	return b.file("index.html", html)
}

// manifest makes the site installable.
func (b *Builder) manifest() error {
	text, err := json.MarshalIndent(map[string]any{
		"name": "PAW: fuzzy functions", "short_name": "PAW", "description": "Describe a function in plain English, compile it, run it on this device.",
		"id": "/", "start_url": "/", "scope": "/", "display": "standalone", "theme_color": "#3b3fd8", "background_color": "#f6f6f9",
		"icons": []map[string]string{{"src": b.assets["icon.svg"].URL, "sizes": "any", "type": "image/svg+xml", "purpose": "any"}},
	}, "", "  ")
	if err != nil {
		return err
	}
	return b.file("manifest.webmanifest", append(text, '\n'))
}

// sdk writes what other pages load: the SDK and the element under names that stay, and the page for
// frames. They are small and revalidated; what they load has its hash in the name.
func (b *Builder) sdk(context.Context) error {
	for _, name := range []string{"paw", "element", "embed"} {
		js, err := sdkFile(b.root, name, "../assets/"+filepath.Base(b.assets["worker.js"].URL), "..")
		if err != nil {
			return err
		}
		if err := b.file("sdk/"+name+".js", js); err != nil {
			return err
		}
	}
	html, err := os.ReadFile(filepath.Join(b.root, "web", "sdk", "embed.html"))
	if err != nil {
		return err
	}
	return b.file("embed.html", html)
}

// sdkFile bundles one file of the SDK. The worker's URL and the server's are relative to it, so that a
// site may put the whole below any path; an empty server means the page's own origin.
func sdkFile(root, name, worker, server string) ([]byte, error) {
	return bundle(filepath.Join(root, "web", "sdk", name+".ts"), []string{"./paw.js", "./element.js"}, nil,
		map[string]any{"__WORKER_URL__": worker, "__SCRIPTS__": []string{}, "__SERVER__": server})
}

// near is the URL of an asset from another one, which lies in the same folder; "" without the asset.
func near(assets map[string]Asset, name string) string {
	if a, ok := assets[name]; ok {
		return "./" + filepath.Base(a.URL)
	}
	return ""
}

func (b *Builder) near(name string) string { return near(b.assets, name) }

// serviceWorker keeps the whole shell; its version is the hash of what it keeps.
func (b *Builder) serviceWorker(context.Context) error {
	shell := []string{"/", "/manifest.webmanifest"}
	for _, name := range append([]string{"page.js", "style.css", "icon.svg", "worker.js", "thread.js", "paw.wasm"}, kernels...) {
		shell = append(shell, b.assets[name].URL)
	}
	shell = append(shell, "/sdk/paw.js", "/sdk/element.js")
	content := []byte(strings.Join(shell, " "))
	for _, name := range []string{"index.html", "sdk/paw.js", "sdk/element.js"} { // the rest has its hash in its name
		text, err := os.ReadFile(filepath.Join(b.out, filepath.FromSlash(name)))
		if err != nil {
			return err
		}
		content = append(content, text...)
	}
	js, err := bundle(b.src("sw.ts"), nil, nil, map[string]any{"__SHELL__": shell, "__VERSION__": hash(content)})
	if err != nil {
		return err
	}
	return b.file("sw.js", js)
}

// list writes assets.json: plain name → URL and integrity, for pages that embed parts of the site.
func (b *Builder) list(context.Context) error {
	text, err := json.MarshalIndent(b.assets, "", "  ")
	if err != nil {
		return err
	}
	return b.file("assets.json", append(text, '\n'))
}

// sweep removes files of earlier builds.
func (b *Builder) sweep(context.Context) error {
	return filepath.WalkDir(b.out, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name, err := filepath.Rel(b.out, path)
		if err != nil || b.files[filepath.ToSlash(name)] {
			return err
		}
		return os.Remove(path)
	})
}

func (b *Builder) src(name string) string {
	return filepath.Join(b.root, "web", "src", filepath.FromSlash(name))
}

func hash(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])[:12]
}

// asset writes an immutable file under a name with its hash.
func (b *Builder) asset(name string, data []byte) error {
	ext := filepath.Ext(name)
	file := "assets/" + strings.TrimSuffix(name, ext) + "-" + hash(data) + ext
	sum := sha512.Sum384(data)
	small, err := b.compressed(file, data)
	if err != nil {
		return err
	}
	b.assets[name] = Asset{"/" + file, "sha384-" + base64.StdEncoding.EncodeToString(sum[:]), len(data), small}
	return nil
}

func (b *Builder) file(name string, data []byte) error {
	_, err := b.compressed(name, data)
	return err
}

// bundle runs esbuild over one entry and returns its single output. The external modules stay imports.
func bundle(entry string, external []string, alias map[string]string, define map[string]any) ([]byte, error) {
	return bundleWith(entry, external, alias, define, nil)
}

// bundleWith lets more be set than bundle does.
func bundleWith(entry string, external []string, alias map[string]string, define map[string]any, more func(*api.BuildOptions)) ([]byte, error) {
	texts := map[string]string{}
	for name, value := range define {
		text, err := json.Marshal(value)
		if err != nil {
			return nil, err
		}
		texts[name] = string(text)
	}
	options := api.BuildOptions{
		EntryPoints: []string{entry}, Bundle: true, Format: api.FormatESModule, Target: api.ES2022,
		MinifyWhitespace: true, MinifyIdentifiers: true, MinifySyntax: true, Charset: api.CharsetUTF8,
		LegalComments: api.LegalCommentsInline,
		External:      external,
		Alias:         alias, Define: texts, Outdir: "out", LogLevel: api.LogLevelSilent,
		TsconfigRaw: "{}", // the alias decides, not the paths of the type checker
	}
	if more != nil {
		more(&options)
	}
	r := api.Build(options)
	var faults []error
	for _, m := range r.Errors {
		where := ""
		if m.Location != nil {
			where = fmt.Sprintf("%s:%d: ", m.Location.File, m.Location.Line)
		}
		faults = append(faults, fmt.Errorf("bundle: %s%s", where, m.Text))
	}
	if err := errors.Join(faults...); err != nil {
		return nil, err
	}
	if len(r.OutputFiles) != 1 {
		return nil, fmt.Errorf("bundle: %s gives %d files, one is expected", entry, len(r.OutputFiles))
	}
	return r.OutputFiles[0].Contents, nil
}

// wasmExec is the loader that belongs to the Go toolchain which built the module.
func wasmExec(ctx context.Context) (string, error) {
	root, err := exec.CommandContext(ctx, "go", "env", "GOROOT").Output()
	if err != nil {
		return "", fmt.Errorf("bundle: go env GOROOT: %w", err)
	}
	for _, dir := range []string{"lib", "misc"} { // misc before Go 1.24
		path := filepath.Join(strings.TrimSpace(string(root)), dir, "wasm", "wasm_exec.js")
		if _, err := os.Stat(path); err == nil {
			return path, nil
		}
	}
	return "", errors.New("bundle: this Go installation has no lib/wasm/wasm_exec.js: install a complete Go")
}
