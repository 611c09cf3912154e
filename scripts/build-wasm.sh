#!/usr/bin/env bash
# Rebuilds the four builds of the kernel, wasm/kernel/*.wasm, from wasm/kernel/src, byte for byte, with the pinned clang and binaryen.
# Usage: scripts/build-wasm.sh [--check]   (--check: compare with the committed files, change nothing)
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

out="$(mktemp -d)"
# All builds come from one source and give the same bits. The relaxed ones need a browser with relaxed SIMD, the
# threaded ones a page that is isolated.
compile() {
  "$clang" --target=wasm32 -O3 -msimd128 -mbulk-memory -msign-ext -mnontrapping-fptoint \
    -ffreestanding -fno-builtin -nostdlib -ffp-contract=off -Wall -Wextra -Werror \
    -ffile-prefix-map="$PWD"=. "$@" src/kernel.c
}
compile -o "$out/kernel.wasm" -Wl,--no-entry,--strip-all,-z,stack-size=65536
# Linked without wasm-opt: version 108 knows the relaxed dot product in an older form and breaks it.
link() {
  "$("$clang" -print-prog-name=wasm-ld)" -m wasm32 --no-entry --strip-all -z stack-size=65536 "$out/kernel.o" -o "$out/$1" "${@:2}"
}
compile -mrelaxed-simd -DRELAXED -c -o "$out/kernel.o"
link kernel-relaxed.wasm
threads=(--import-memory --shared-memory --initial-memory=1048576 --max-memory=4294967296)
compile -matomics -DTHREADS -c -o "$out/kernel.o"
link kernel-threads.wasm "${threads[@]}"
compile -matomics -DTHREADS -mrelaxed-simd -DRELAXED -c -o "$out/kernel.o"
link kernel-threads-relaxed.wasm "${threads[@]}"

for name in kernel.wasm kernel-relaxed.wasm kernel-threads.wasm kernel-threads-relaxed.wasm; do
  if [ "${1:-}" = "--check" ]; then
    cmp "$out/$name" "$name" || { echo "$name differs from its source: run scripts/build-wasm.sh and commit" >&2; exit 1; }
    echo "$name matches its source"
  else
    cp "$out/$name" "$name"
    stat -c '%n %s bytes' "$name"
  fi
done
