# A PostgreSQL cluster and memcached of our own. Sourced after common.sh and packages.sh.
# shellcheck shell=bash

# Makes a cluster in a folder that does not exist yet: with a password for `postgres`, or open to everybody for a throw-away one.
create_postgres() { # folder, password or nothing
  local bin folder=$1 password=${2:-}
  bin=$(postgres_bin)
  mkdir -p "$folder"
  if is_root; then chown "$(service_user)" "$folder"; fi
  chmod 700 "$folder"
  local options=(--pgdata="$folder" --username=postgres --encoding=UTF8 --locale=C.UTF-8)
  if [[ -z $password ]]; then
    options+=(--auth=trust --no-sync)
  else
    # A file, since a command line is public; beside the folder, which must be empty.
    options+=(--auth=scram-sha-256 --pwfile="$folder.password")
    (umask 077 && printf '%s' "$password" >"$folder.password")
    if is_root; then chown "$(service_user)" "$folder.password"; fi
  fi
  as_service "$bin/initdb" "${options[@]}" >/dev/null
  rm -f "$folder.password"
}

start_postgres() { # folder, port, further settings as name=value ...
  local bin folder=$1 port=$2 setting
  bin=$(postgres_bin)
  shift 2
  {
    echo "listen_addresses = '127.0.0.1'"
    echo "port = $port"
    # No socket file: its path would be too long in a deep checkout, and TCP on loopback is all that anybody uses.
    echo "unix_socket_directories = ''"
    for setting in "$@"; do echo "${setting%%=*} = '${setting#*=}'"; done
  } >"$folder/backend.conf"
  grep -q "^include 'backend.conf'" "$folder/postgresql.conf" || echo "include 'backend.conf'" >>"$folder/postgresql.conf"
  if is_root; then chown "$(service_user)" "$folder/backend.conf"; fi
  if ! as_service "$bin/pg_ctl" --pgdata="$folder" --log="$folder/server.log" --wait --timeout=180 start >/dev/null; then
    tail -n 20 "$folder/server.log" >&2 || true
    fail "PostgreSQL did not start"
  fi
}

postgres_pid() { head -n 1 "$1/postmaster.pid" 2>/dev/null || true; }

stop_postgres() { # folder, fast | immediate
  local bin
  bin=$(postgres_bin)
  alive "$(postgres_pid "$1")" || return 0
  as_service "$bin/pg_ctl" --pgdata="$1" --mode="$2" --wait --timeout=180 stop >/dev/null
}

# Prints the process id.
start_memcached() { # port, megabytes, log file
  local options=(-l 127.0.0.1 -p "$1" -U 0 -m "$2")
  if is_root; then options+=(-u nobody); fi
  memcached "${options[@]}" >"$3" 2>&1 </dev/null &
  echo $!
}
