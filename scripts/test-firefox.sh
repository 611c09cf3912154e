#!/usr/bin/env bash
# Runs web/test/firefox in a real Firefox ($FIREFOX, or one that is installed). What is missing is installed
# on Debian as root; elsewhere the command to install it is named. bin/paw is that of make build.
set -euo pipefail
cd "$(dirname "$0")/../web/test"

. ../../scripts/need.sh

browser() {
  [ -n "${FIREFOX:-}" ] && return
  command -v firefox >/dev/null && return
  [ -d "/Applications/Firefox.app" ] && return
  need firefox-esr firefox-esr
}

need node nodejs npm
need npm npm
browser
# What test-browser.sh has just installed is not installed again.
npm ls >/dev/null 2>&1 || npm ci --silent --no-fund --no-audit
# The limit is of a file too, and faults.test.mjs starts Firefox a dozen times.
exec node --test --test-concurrency=1 --test-timeout=900000 --test-reporter=spec ./firefox/*.test.mjs "$@"
