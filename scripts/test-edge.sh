#!/usr/bin/env bash
# Runs edge/test: the built worker in workerd. What is missing is installed on Debian as root;
# elsewhere the command to install it is named. bin/paw and web/dist are those of make build.
set -euo pipefail
cd "$(dirname "$0")/.."

# need COMMAND PACKAGE…: installs packages when the command is missing.
need() {
  local command="$1"
  shift
  command -v "$command" >/dev/null && return
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "installing $*"
    apt-get install -y --no-install-recommends "$@" >/dev/null 2>&1 ||
      { apt-get update >/dev/null && apt-get install -y --no-install-recommends "$@" >/dev/null; }
  else
    echo "the edge's tests need $command: install it (Debian: sudo apt-get install $*), or run make test-go, which needs Go alone" >&2
    exit 1
  fi
}

need node nodejs npm
need npm npm
scripts/build-edge.sh
CGO_ENABLED=0 "${GO:-go}" build -trimpath -o build/edge-publish ./edge/publish
cd edge/test
npm ci --silent --no-fund --no-audit
exec node --test --test-concurrency=1 --test-timeout=240000 --test-reporter=spec ./*.test.mjs "$@"
