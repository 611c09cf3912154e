#!/bin/sh
# The training road of the mini on a toy scale (train/smoke.py), half a minute. Where PyTorch is missing it is
# installed on Debian as root; elsewhere the command is named and the rest of the tests stand: nothing at run
# time needs Python.
set -eu
cd "$(dirname "$0")/.."
attempt() {
  for python in ${PYTHON:-} /usr/bin/python3 python3; do
    if "$python" -c 'import numpy, torch' 2>/dev/null; then
      exec "$python" train/smoke.py
    fi
  done
}
attempt
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  echo "installing python3-torch"
  apt-get install -y --no-install-recommends python3-torch python3-numpy >/dev/null 2>&1 ||
    { apt-get update >/dev/null && apt-get install -y --no-install-recommends python3-torch python3-numpy >/dev/null; } || true
  attempt
fi
echo "train-smoke: not run, no Python with numpy and torch (Debian: apt-get install python3-torch); set PYTHON to one that has them"
