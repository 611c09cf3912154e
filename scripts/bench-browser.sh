#!/usr/bin/env bash
# Measures our kernel and wllama alternately in one Chromium on a random 124M model and an adapter.
# Usage: scripts/bench-browser.sh [--json OUT]
set -euo pipefail
cd "$(dirname "$0")/.."
dir="build/bench"
if [ ! -f "$dir/gpt2-random-q8_0.gguf" ]; then
  mkdir -p "$dir"
  bin/paw bench make-model "$dir"
fi
(cd web/test && npm ci --silent) && (cd web/bench && npm ci --silent)
exec node web/bench/bench.mjs "$dir/gpt2-random-q8_0.gguf" "$dir/adapter-random.gguf" "$@"
