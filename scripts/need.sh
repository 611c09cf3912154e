# Sourced by the test scripts. need COMMAND PACKAGE…: installs packages when the command is missing, on Debian
# as root; elsewhere it names them.
need() {
  local command="$1"
  shift
  command -v "$command" >/dev/null && return
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "installing $*"
    apt-get install -y --no-install-recommends "$@" >/dev/null 2>&1 ||
      { apt-get update >/dev/null && apt-get install -y --no-install-recommends "$@" >/dev/null; }
  else
    echo "these tests need $command: install it (Debian: sudo apt-get install $*), or run make test-go, which needs Go alone" >&2
    exit 1
  fi
}
