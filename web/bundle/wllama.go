package bundle

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/evanw/esbuild/pkg/api"
)

// wllamaFolder is where "make wllama" puts the npm package, below web.
var wllamaFolder = filepath.Join("wllama", "node_modules", "@wllama", "wllama")

// wllama writes the second engine: its wasm, its worker, and the script that a page's worker imports
// when the engine is asked for. Without the package the site is built without it, and says so then.
func (b *Builder) wllama(context.Context) error {
	dir := filepath.Join(b.root, "web", wllamaFolder)
	licence, err := os.ReadFile(filepath.Join(dir, "LICENCE"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	notice := append(append([]byte("/*! @wllama/wllama, with llama.cpp (MIT, Copyright (c) 2023-2026 The ggml authors)\n"), bytes.TrimSpace(licence)...), []byte("\n*/\n")...)
	wasm, err := os.ReadFile(filepath.Join(dir, "src", "wasm", "wllama.wasm"))
	if err != nil {
		return err
	}
	if err := b.asset("wllama.wasm", wasm); err != nil {
		return err
	}
	worker, err := wllamaWorker(dir, b.near("wllama.wasm"))
	if err != nil {
		return err
	}
	if err := b.asset("wllama-worker.js", append(notice, worker...)); err != nil {
		return err
	}
	url := b.near("wllama-worker.js")
	js, err := wllamaBundle(b.src("wllama.ts"), b.src("wllama_worker.ts"), dir, map[string]any{
		"__WLLAMA_WASM__": b.near("wllama.wasm"), "__WLLAMA_WORKER__": url, "__WORKER_URL__": url, "__SCRIPTS__": []string{url},
	})
	if err != nil {
		return err
	}
	return b.asset("wllama.js", append(notice, js...))
}

// wllamaWorker writes out what the package makes up when it runs (ProxyToWorker.moduleInit), for one
// thread: its worker is then a file that the strictest policy lets start, and not a blob.
func wllamaWorker(dir, wasm string) ([]byte, error) {
	module, err := os.ReadFile(filepath.Join(dir, "src", "wasm", "wllama.js"))
	if err != nil {
		return nil, err
	}
	glue, err := os.ReadFile(filepath.Join(dir, "src", "workers-code", "llama-cpp.js"))
	if err != nil {
		return nil, err
	}
	if !bytes.HasPrefix(module, []byte("var Module=")) {
		return nil, errors.New("bundle: wllama.js begins otherwise than that of 3.8.1: fetch the pinned version with make wllama")
	}
	var out bytes.Buffer
	fmt.Fprintf(&out, "const RUN_OPTIONS={pathConfig:{'wllama.wasm':new URL(%q,import.meta.url).href},nbThread:0,compat:false};\n", wasm)
	// No graphics processor: one program must answer the same on every machine.
	out.WriteString("Object.defineProperty(WorkerNavigator.prototype,'gpu',{get:()=>({requestAdapter:async()=>null})});\n")
	out.WriteString("function wModuleInit(){")
	out.Write(bytes.Replace(module, []byte("var Module"), []byte("var ___Module"), 1))
	out.WriteString(";return Module;}\n")
	out.Write(glue)
	r := api.Transform(out.String(), api.TransformOptions{
		Format: api.FormatESModule, Target: api.ES2022, MinifyWhitespace: true, MinifySyntax: true, LogLevel: api.LogLevelSilent,
	})
	if len(r.Errors) > 0 {
		return nil, fmt.Errorf("bundle: wllama's worker: %s", r.Errors[0].Text)
	}
	return r.Code, nil
}

// left are modules of the package that are not bundled: the code that is in the worker's file, names of
// functions for stack traces, and addresses of a foreign server.
var left = map[string]string{
	`workers-code/generated$`: `export const LIBLLAMA_VERSION="",LLAMA_CPP_WORKER_CODE="",WLLAMA_EMSCRIPTEN_CODE="",OPFS_UTILS_WORKER_CODE="";`,
	`^\./debug$`:              `export const Debug={decodeStackTrace:async(s)=>s};`,
	`wasm-from-cdn$`:          `export const WasmCompatFromCDN={worker:"",wasm:""};`,
}

func wllamaBundle(entry, worker, dir string, define map[string]any) ([]byte, error) {
	abs, err := filepath.Abs(filepath.Join(dir, "src", "index.ts"))
	if err != nil {
		return nil, err
	}
	leave := api.Plugin{Name: "left", Setup: func(p api.PluginBuild) {
		for filter := range left {
			p.OnResolve(api.OnResolveOptions{Filter: filter}, func(api.OnResolveArgs) (api.OnResolveResult, error) {
				return api.OnResolveResult{Path: filter, Namespace: "left"}, nil
			})
		}
		p.OnLoad(api.OnLoadOptions{Filter: ".*", Namespace: "left"}, func(a api.OnLoadArgs) (api.OnLoadResult, error) {
			code := left[a.Path]
			return api.OnLoadResult{Contents: &code}, nil
		})
	}}
	return bundleWith(entry, nil, map[string]string{"@wllama/wllama": abs}, define, func(o *api.BuildOptions) {
		o.Plugins, o.Inject = []api.Plugin{leave}, []string{worker}
	})
}
