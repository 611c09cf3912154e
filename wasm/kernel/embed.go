// Package kernel holds the bytes of kernel.wasm: the GPT-2 forward pass in C (src/), built by
// scripts/build-wasm.sh. It runs nothing; engine/simd drives it.
package kernel

import _ "embed"

// Wasm is the committed kernel module: wasm32 with SIMD128, no imports, exported memory.
//
//go:embed kernel.wasm
var Wasm []byte

// Relaxed is the same kernel for hosts with relaxed SIMD (Chromium; not wazero): the same bits, prompts
// half as fast again (docs/benchmarks.md).
//
//go:embed kernel-relaxed.wasm
var Relaxed []byte

// Threads and ThreadsRelaxed are the two for several threads: the same bits again. They import a shared memory,
// env.memory; helpers are further instances on it (src/threads.h).
var (
	//go:embed kernel-threads.wasm
	Threads []byte
	//go:embed kernel-threads-relaxed.wasm
	ThreadsRelaxed []byte
)
