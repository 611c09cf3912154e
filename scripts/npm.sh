#!/usr/bin/env bash
# Writes the npm package of the SDK into build/npm, from the site that "make web" has built. Needs Node for
# the types alone; publishing is "npm publish build/npm".
set -euo pipefail
cd "$(dirname "$0")/.."
[ -f web/dist/assets.json ] || { echo "the site is not built yet: run make web" >&2; exit 1; }
[ -d web/test/node_modules ] || (cd web/test && npm ci --silent --no-fund --no-audit)
"${GO:-go}" run ./web/build --npm build/npm
web/test/node_modules/.bin/tsc -p web/sdk --outDir build/npm/types
