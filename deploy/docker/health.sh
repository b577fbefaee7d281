#!/bin/sh
# Says whether the role that runs in this container is healthy: exit code 0, else 1 with a line of why.
#
# usage: worldsystem-health [server|storage|slam3r|frame_processor|process]
#
# Without an argument the role is that of process 1. Each is asked what it would fail to do:
#
#   server            /health/rtsp: the gateway answers and the RTSP output works
#   storage           the folder of recordings is there and can be written
#   slam3r            /dev/shm/slam3r_keyframes is there, which SLAM makes when it is up
#   frame_processor   /health of its own endpoint
#   process           process 1 runs; for roles that end by themselves
#
# $WORLDSYSTEM_HEALTH_URL replaces the URL of server and frame_processor; the certificate is not checked, since the
# question does not leave the container.

set -u

unhealthy() {
  printf 'unhealthy: %s\n' "$*"
  exit 1
}

answers() { # URL
  curl --fail --silent --show-error --insecure --noproxy '*' --max-time 4 --output /dev/null "$1" ||
    unhealthy "$1 does not answer 200"
}

role_of_process_1() {
  for word in $(tr '\0' ' ' </proc/1/cmdline); do
    case "$word" in
      serve | up) echo server && return ;;
      record) echo storage && return ;;
      slam) echo slam3r && return ;;
      detect) echo frame_processor && return ;;
      simulate | publish | sessions | models | bench | doctor) break ;;
      *) ;;
    esac
  done
  echo process
}

role="${1:-$(role_of_process_1)}"
case "$role" in
  server) answers "${WORLDSYSTEM_HEALTH_URL:-http://127.0.0.1:${API_PORT:-5001}/health/rtsp}" ;;
  storage)
    folder="${STORAGE_PATH:-recordings}"
    [ -d "$folder" ] || unhealthy "$folder is not there"
    [ -w "$folder" ] || unhealthy "$folder cannot be written"
    ;;
  slam3r) [ -e /dev/shm/slam3r_keyframes ] || unhealthy "/dev/shm/slam3r_keyframes is not there" ;;
  frame_processor) answers "${WORLDSYSTEM_HEALTH_URL:-http://127.0.0.1:9101/health}" ;;
  process) kill -0 1 2>/dev/null || [ -d /proc/1 ] || unhealthy "process 1 is gone" ;;
  *)
    echo "unknown role '$role'; see the head of $0" >&2
    exit 64
    ;;
esac
