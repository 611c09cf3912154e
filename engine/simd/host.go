package simd

import (
	"context"

	"paw/engine"
)

// Host is the machine that runs kernel.wasm: wazero here, a page's worker in a browser. It is the
// seam between the two roads; everything above it is the same code and gives the same bytes.
// Addresses and sizes are bytes of the kernel's linear memory. A host need not be safe for
// concurrent use: Engine serialises its calls.
type Host interface {
	// Call runs an exported function. All parameters are 32-bit integers.
	Call(ctx context.Context, function string, args ...uint32) (uint32, error)
	// Grow makes the memory at least size bytes large.
	Grow(size uint32) error
	Write(at uint32, p []byte) error
	Read(at uint32, p []byte) error
	// Fill moves n bytes of src from offset into memory without passing them through Go's heap
	// where the host can help it (a browser reads from origin private storage).
	Fill(ctx context.Context, at uint32, src engine.Source, offset, n int64) error
	// Yield lets the event loop run between chunks and tokens, so that aborts and progress arrive.
	Yield(ctx context.Context) error
	Close() error
}
