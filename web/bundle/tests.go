package bundle

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"

	"paw/wasm/kernel"
)

// Tests writes what the browser tests load beside the site: the host object alone, without a module,
// for the table of cases that wasm/jshost is tested by too, and the worker of a site that was built
// without the second engine. The site is built before.
func Tests(ctx context.Context, root, out string) error {
	js, err := bundle(filepath.Join(root, "web", "src", "host.ts"), nil, nil, nil)
	if err != nil {
		return err
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
	if err := os.MkdirAll(out, 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(out, "worker-plain.js"), plain, 0o644); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(out, "host.js"), js, 0o644); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(out, "kernel.wasm"), kernel.Wasm, 0o644)
}
