# shellcheck shell=bash
# What the scripts share. Source it; it defines functions and changes to the repository's root.

root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
cd "$root" || exit 1

say() { printf '==> %s\n' "$*"; }

fail() {
  printf 'error: %s\n' "$*" >&2
  exit 1
}

# Prints the comment at the head of a script as its help.
help_of() { sed -n '2,/^$/{s/^# \{0,1\}//;p}' "$1"; }

require_swift() {
  local found
  if ! command -v swift >/dev/null; then
    fail "Swift 6.3 is needed and not in PATH. Get it from https://www.swift.org/install/linux/ (Debian 12), or run:
  curl -O https://download.swift.org/swiftly/linux/swiftly-\$(uname -m).tar.gz && tar zxf swiftly-*.tar.gz && ./swiftly init"
  fi
  found="$(swift --version 2>/dev/null | sed -n 's/.*Swift version \([0-9]*\.[0-9]*\).*/\1/p' | head -n 1)"
  case "$found" in
    6.[3-9] | 6.[1-9][0-9] | [7-9].*) ;;
    *) fail "Swift 6.3 or newer is needed; $(command -v swift) is ${found:-of an unknown version}" ;;
  esac
  # `run` and `test` build with the same flags, so that neither throws away what the other built. A newer
  # compiler may warn of more than the one this is developed with; only that one turns warnings into errors.
  if [[ "$found" == 6.3 ]]; then export WORLDSYSTEM_STRICT=1; else unset WORLDSYSTEM_STRICT; fi
}

# Builds with gRPC, for servers of networks and viewers of Rerun, where its packages find zlib. The manifest reads the
# variables.
use_grpc() {
  if [[ -e /usr/include/zlib.h ]]; then
    export WORLDSYSTEM_RERUN=1 WORLDSYSTEM_TRITON=1
  else
    unset WORLDSYSTEM_RERUN WORLDSYSTEM_TRITON
  fi
}

# Builds with OpenVINO where install-dependencies has put it. The manifest reads the variable, so that every call of
# swift agrees on it.
use_openvino() {
  if [[ -e .deps/openvino/version ]]; then export WORLDSYSTEM_OPENVINO=1; else unset WORLDSYSTEM_OPENVINO; fi
}
