package bundle

import (
	"context"
	"os"
	"path/filepath"

	"paw/wasm/kernel"
)

// Tests writes what the browser tests load beside the site: the host object alone, without a module,
// for the table of cases that wasm/jshost is tested by too.
func Tests(_ context.Context, root, out string) error {
	js, err := bundle(filepath.Join(root, "web", "src", "host.ts"), nil, nil, nil)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(out, 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(out, "host.js"), js, 0o644); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(out, "kernel.wasm"), kernel.Wasm, 0o644)
}
