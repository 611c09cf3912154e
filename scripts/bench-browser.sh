#!/usr/bin/env bash
# Measures our kernel, wllama and ONNX Runtime Web in one run on random 124M models, and writes
# build/bench/bench-browser.json and .html.
# Usage: scripts/bench-browser.sh [options of web/bench/bench.mjs but --json]
set -euo pipefail
cd "$(dirname "$0")/.."
dir="build/bench"
if [ ! -f "$dir/program-9.paw" ]; then
  mkdir -p "$dir"
  bin/paw bench make-model "$dir"
fi
(cd web/test && npm ci --silent) && (cd web/bench && npm ci --silent)
node web/bench/bench.mjs "$dir/gpt2-random-q8_0.gguf" "$dir/adapter-random.gguf" "$@" --json "$dir/bench-browser.json"
node web/bench/report.mjs "$dir/bench-browser.json" "$dir/bench-browser.html"
echo "$dir/bench-browser.html"
