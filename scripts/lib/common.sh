# Shared by the scripts in scripts/: messages, folders, ports, processes. To be sourced after `set -euo pipefail`.
# shellcheck shell=bash

repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)

say() { printf '%s\n' "$*"; }
fail() { printf '%s: %s\n' "${0##*/}" "$*" >&2; exit 1; }

is_root() { [[ $(id -u) -eq 0 ]]; }

# The .NET tools want a home folder; a bare container or a CI job may have none.
ensure_home() {
  if [[ -z ${HOME:-} || ! -w ${HOME:-} ]]; then
    HOME=$(mktemp -d /var/tmp/backend-home.XXXXXX)
    export HOME
  fi
  export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 DOTNET_SKIP_FIRST_TIME_EXPERIENCE=1
}

# PostgreSQL refuses to run as root, so as root it gets the user its package made. Everything else runs as the caller.
service_user() { if id postgres >/dev/null 2>&1; then echo postgres; else echo nobody; fi; }

as_service() {
  if is_root; then
    local user
    user=$(service_user)
    (cd / && exec setpriv --reuid="$user" --regid="$(id -g "$user")" --init-groups -- env HOME=/ "$@")
  else
    (cd / && exec "$@")
  fi
}

# Whether the user that PostgreSQL and nginx's workers run as can get into a folder.
reachable() { as_service test -x "$1" 2>/dev/null; }

is_free_port() { ! (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# Below 32768, where Linux takes the ports of outgoing connections from: those cannot take the port before its server does.
free_port() {
  local port
  for _ in {1..200}; do
    port=$((20000 + RANDOM % 12000))
    if is_free_port "$port"; then echo "$port"; return; fi
  done
  fail "no free port found on 127.0.0.1"
}

wait_for_port() { # port, seconds, what
  local end=$((SECONDS + $2))
  while is_free_port "$1"; do
    ((SECONDS < end)) || fail "$3 does not answer on 127.0.0.1:$1"
    sleep 0.1
  done
}

alive() { [[ -n ${1:-} ]] && kill -0 "$1" 2>/dev/null; }

# Asks a process to stop and kills it when it has not done so in time (default 10 s).
stop_pid() { # pid, seconds
  local pid=$1 ticks=$((${2:-10} * 10))
  alive "$pid" || return 0
  kill -TERM "$pid" 2>/dev/null || return 0
  while alive "$pid" && ((ticks-- > 0)); do sleep 0.1; done
  if alive "$pid"; then kill -KILL "$pid" 2>/dev/null || true; fi
}

random_hex() { od -An -v -tx1 -N"$1" /dev/urandom | tr -d ' \n'; }
