#!/usr/bin/env bash
# Runs every fuzz target of the module for a while. Usage: scripts/fuzz.sh [TIME]
set -euo pipefail
cd "$(dirname "$0")/.."
time="${1:-10s}"
go list ./... | while read -r package; do
  dir="${package#paw}"
  for target in $(grep -hoE '^func Fuzz[A-Za-z0-9_]+' ".$dir"/*_test.go 2>/dev/null | sed 's/^func //'); do
    echo "fuzz $package $target $time"
    go test -run '^$' -fuzz "^$target\$" -fuzztime "$time" -fuzzminimizetime 10x "$package" </dev/null
  done
done
