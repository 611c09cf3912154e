#!/usr/bin/env bash
# Runs edge/test: the built worker in workerd. What is missing is installed on Debian as root;
# elsewhere the command to install it is named. bin/paw and web/dist are those of make build.
set -euo pipefail
cd "$(dirname "$0")/.."

. ./scripts/need.sh

need node nodejs npm
need npm npm
scripts/build-edge.sh
CGO_ENABLED=0 "${GO:-go}" build -trimpath -o build/edge-publish ./edge/publish
cd edge/test
npm ci --silent --no-fund --no-audit
node flags.mjs
exec node --test --test-concurrency=1 --test-timeout=240000 --test-reporter=spec ./*.test.mjs "$@"
