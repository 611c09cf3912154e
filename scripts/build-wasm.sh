#!/usr/bin/env bash
# Rebuilds wasm/kernel/kernel.wasm from wasm/kernel/src, byte for byte, with the pinned clang and binaryen.
# Usage: scripts/build-wasm.sh [--check]   (--check: compare with the committed file, change nothing)
set -euo pipefail
cd "$(dirname "$0")/../wasm/kernel"

want="19.1.7"
clang="${CLANG:-clang-19}"
if ! command -v "$clang" >/dev/null || ! command -v wasm-opt >/dev/null; then
  echo "clang 19 and wasm-opt are needed to rebuild the kernel: on Debian, apt-get install clang-19 lld-19 binaryen (or set CLANG)" >&2
  exit 1
fi
have="$("$clang" -dumpversion)"
if [ "$have" != "$want" ]; then
  echo "clang $want is pinned, found $have: another version gives other bytes" >&2
  exit 1
fi
# clang runs wasm-opt behind the linker where it finds one, so its version is part of the bytes too.
want="108"
have="$(wasm-opt --version | grep -oE '[0-9]+' | head -n 1)"
if [ "$have" != "$want" ]; then
  echo "wasm-opt (binaryen) $want is pinned, found $have: another version gives other bytes" >&2
  exit 1
fi

out="$(mktemp -d)/kernel.wasm"
"$clang" --target=wasm32 -O3 -msimd128 -mbulk-memory -msign-ext -mnontrapping-fptoint \
  -ffreestanding -fno-builtin -nostdlib -ffp-contract=off -Wall -Wextra -Werror \
  -ffile-prefix-map="$PWD"=. -Wl,--no-entry -Wl,--strip-all -Wl,-z,stack-size=65536 \
  -o "$out" src/kernel.c

if [ "${1:-}" = "--check" ]; then
  cmp "$out" kernel.wasm || { echo "kernel.wasm differs from its source: run scripts/build-wasm.sh and commit" >&2; exit 1; }
  echo "kernel.wasm matches its source"
else
  mv "$out" kernel.wasm
  stat -c '%n %s bytes' kernel.wasm
fi
