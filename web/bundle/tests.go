package bundle

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"

	"paw/wasm/kernel"
)

// Tests writes what the browser tests load beside the site: the host object alone, without a module,
// for the table of cases that wasm/jshost is tested by too, what keeps prefixes, the worker of a site that was built without the
// second engine, and the pages of web/test/pages. What those import is in web/test/node_modules. The site is
// built before.
func Tests(ctx context.Context, root, out string) error {
	if err := os.MkdirAll(out, 0o755); err != nil {
		return err
	}
	for _, name := range []string{"host", "prefixes"} {
		js, err := bundle(filepath.Join(root, "web", "src", name+".ts"), nil, nil, nil)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(out, name+".js"), js, 0o644); err != nil {
			return err
		}
	}
	list, err := os.ReadFile(filepath.Join(root, "web", "dist", "assets.json"))
	if err != nil {
		return err
	}
	var assets map[string]Asset
	if err := json.Unmarshal(list, &assets); err != nil {
		return err
	}
	delete(assets, "wllama.js")
	plain, err := workerScript(ctx, root, assets)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(out, "worker-plain.js"), plain, 0o644); err != nil {
		return err
	}
	// Pages of frameworks, in their development builds: those warn of what they dislike.
	define := map[string]any{
		"process.env.NODE_ENV": "development", "__VUE_OPTIONS_API__": true, "__VUE_PROD_DEVTOOLS__": false, "__VUE_PROD_HYDRATION_MISMATCH_DETAILS__": true,
	}
	for _, name := range []string{"react.js", "vue.js"} {
		js, err := bundle(filepath.Join(root, "web", "test", "pages", name), nil, nil, define)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(out, name), js, 0o644); err != nil {
			return err
		}
	}
	return errors.Join(
		os.WriteFile(filepath.Join(out, "kernel.wasm"), kernel.Wasm, 0o644),
		os.WriteFile(filepath.Join(out, "kernel-threads.wasm"), kernel.Threads, 0o644))
}
