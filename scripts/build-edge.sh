#!/usr/bin/env bash
# Builds the Cloudflare Worker into build/edge: entry.mjs and what it imports. Usage:
# scripts/build-edge.sh [DIR]
set -euo pipefail
cd "$(dirname "$0")/.."
out="${1:-build/edge}"
go="${GO:-go}"
most=$((3 * 1024 * 1024)) # what a worker may weigh, compressed, on the smallest plan

export CGO_ENABLED=0
"$go" tool workers-assets-gen -mode=go -o "$out" # empties the folder
cp edge/worker/entry.mjs "$out/"
# Unlike the browser's module this one is inlined: it starts for every request, and what counts is time.
GOOS=js GOARCH=wasm GOFLAGS= "$go" build -trimpath -buildvcs=false -ldflags="-s -w" -o "$out/app.wasm" ./edge/worker

# gzip, file by file, is close to what the platform counts.
size=0
for f in "$out"/*; do size=$((size + $(gzip -9c "$f" | wc -c))); done
echo "$out: $size bytes by gzip, $most allowed"
if [ "$size" -gt "$most" ]; then
  echo "the worker is too large: see what it imports with GOOS=js GOARCH=wasm go list -deps ./edge/worker" >&2
  exit 1
fi
