#!/bin/sh
# The training road of the mini on a toy scale (train/smoke.py); says why and stops quietly where PyTorch is missing.
set -eu
cd "$(dirname "$0")/.."
for python in ${PYTHON:-} /usr/bin/python3 python3; do
  if "$python" -c 'import numpy, torch' 2>/dev/null; then
    exec "$python" train/smoke.py
  fi
done
echo "train-smoke: skipped, no Python with numpy and torch (Debian: apt install python3-torch); set PYTHON to one that has them"
