#!/usr/bin/env bash
# Runs web/test in a real Chromium. What is missing is installed on Debian as root; elsewhere the
# command to install it is named.
set -euo pipefail
cd "$(dirname "$0")/../web/test"

. ../../scripts/need.sh

browser() {
  [ -n "${CHROME:-}" ] && return
  for name in chromium chromium-browser google-chrome google-chrome-stable chrome; do
    command -v "$name" >/dev/null && return
  done
  [ -d "/Applications/Google Chrome.app" ] && return
  need chromium chromium
}

need node nodejs npm
need npm npm
browser
npm ci --silent --no-fund --no-audit
# The second engine is tested too: fetched, and built into the site and the binary.
(cd ../wllama && npm ci --silent) && (cd ../.. && "${GO:-go}" run ./web/build >/dev/null && "${GO:-go}" build -trimpath -o bin/paw ./cmd/paw)
npx tsc -p ..
(cd ../.. && "${GO:-go}" run ./web/build --tests web/test/dist)
exec node --test --test-concurrency=1 --test-timeout=600000 --test-reporter=spec ./*.test.mjs "$@"
