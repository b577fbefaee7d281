#!/bin/sh
# Starts one role of WorldSystem in a container.
#
# usage: worldsystem-entrypoint [COMMAND [ARGUMENT ...]]      (default: serve)
#
# Secrets come as files, which Docker mounts so that everybody in the container can read them; the server takes only a
# file that nobody else can read. So they are copied to a private folder in memory first:
#
#   $WORLDSYSTEM_TOKENS_FILE   (default /run/secrets/worldsystem_tokens)   the tokens of the server, for serve and up
#   $WORLDSYSTEM_TOKEN_FILE    (default /run/secrets/worldsystem_token)    the one token of a service or publisher
#   $RABBITMQ_URL_FILE         (default /run/secrets/rabbitmq_url)         RABBITMQ_URL, where it holds a password
#
# Without tokens `serve` refuses every address but loopback, and exits with 64; so no open server can come of a
# forgotten secret.

set -eu
umask 077

if [ $# -eq 0 ]; then set -- serve; fi
role="$1"
private="${WORLDSYSTEM_PRIVATE_FOLDER:-/run/worldsystem}"

fail() {
  printf 'worldsystem-entrypoint: %s\n' "$*" >&2
  exit 64
}

# Prints the path of a secret: the one that a variable names, which must be there, else the usual one if it is.
secret() { # value of the variable, its name, usual path
  if [ -n "$1" ]; then
    [ -r "$1" ] || fail "$2 names $1, which cannot be read"
    printf '%s' "$1"
  elif [ -e "$3" ]; then
    [ -r "$3" ] || fail "$3 cannot be read by user $(id -u); on the host: chmod 0444 the file, in a folder of mode 0700"
    printf '%s' "$3"
  fi
}

first_line() { sed -n '1{s/[[:space:]]*$//;p;}' "$1"; }

case "$role" in
  serve | up)
    tokens="$(secret "${WORLDSYSTEM_TOKENS_FILE:-}" WORLDSYSTEM_TOKENS_FILE /run/secrets/worldsystem_tokens)"
    if [ -n "$tokens" ]; then
      [ -w "$private" ] || fail "$private cannot be written; mount a tmpfs there that user $(id -u) owns"
      cat "$tokens" >"$private/tokens"
      shift
      set -- "$role" --token-file "$private/tokens" "$@"
    fi
    ;;
  *)
    token="$(secret "${WORLDSYSTEM_TOKEN_FILE:-}" WORLDSYSTEM_TOKEN_FILE /run/secrets/worldsystem_token)"
    if [ -n "$token" ]; then
      WORLDSYSTEM_TOKEN="$(first_line "$token")"
      export WORLDSYSTEM_TOKEN
    fi
    ;;
esac

url="$(secret "${RABBITMQ_URL_FILE:-}" RABBITMQ_URL_FILE /run/secrets/rabbitmq_url)"
if [ -n "$url" ]; then
  RABBITMQ_URL="$(first_line "$url")"
  export RABBITMQ_URL
fi

exec worldsystem "$@"
