# The servers of scripts/up: where they live, whether they run, how they stop. Sourced after common.sh, packages.sh and servers.sh.
# shellcheck shell=bash

local_folder=$repository/.local
settings_file=$local_folder/settings
builds=$local_folder/builds
api_settings_file=$local_folder/api.env

# The part of .local that PostgreSQL and nginx's workers use. As root they run as other users, who cannot get into a closed folder
# (/root, a private temporary one); then it lies below /var/tmp, under a name made from the checkout's path.
find_state_folder() {
  state_folder=$local_folder
  if is_root && ! reachable "$local_folder"; then
    state_folder=/var/tmp/backend-$(printf '%s' "$local_folder" | cksum | cut -d' ' -f1)
    mkdir -p "$state_folder"
    chmod 711 "$state_folder"
  fi
}

# The process of a pid file, when it is still the one that was started: its command line holds the given text.
process_of() { # name, text
  local pid
  pid=$(cat "$local_folder/run/$1.pid" 2>/dev/null) || return 0
  if alive "$pid" && tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null | grep -qF -- "$2"; then echo "$pid"; fi
}

# Starts a program that goes on after this script, away from its terminal.
start_detached() { # name, command ...
  local name=$1
  shift
  setsid --fork bash -c 'echo $$ >"$1"; log=$2; shift 2; exec "$@" >>"$log" 2>&1 </dev/null' - \
    "$local_folder/run/$name.pid" "$local_folder/run/$name.log" "$@"
  for _ in {1..600}; do
    if [[ -s $local_folder/run/$name.pid ]]; then return; fi
    sleep 0.1
  done
}

stop_process() { # name, text, seconds
  local pid
  pid=$(process_of "$1" "$2")
  if [[ -n $pid ]]; then stop_pid "$pid" "${3:-10}"; fi
  rm -f "$local_folder/run/$1.pid"
}

nginx_config() { echo "$local_folder/nginx/nginx.conf"; }

nginx_pid() {
  local pid
  pid=$(cat "$state_folder/nginx-run/nginx.pid" 2>/dev/null) || return 0
  if alive "$pid" && tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null | grep -qF -- "$(nginx_config)"; then echo "$pid"; fi
}

# Has nginx read its configuration again; returns when the workers of before take no more connections.
reload_nginx() { # its process id
  local workers worker title
  workers=$(<"/proc/$1/task/$1/children")
  kill -HUP "$1"
  for worker in $workers; do
    for _ in {1..300}; do
      # It tells by its name, and has none when it has ended.
      title=$({ tr '\0' ' ' <"/proc/$worker/cmdline"; } 2>/dev/null || true)
      [[ -n $title && $title != *'shutting down'* ]] || continue 2
      sleep 0.1
    done
    fail "nginx did not take its new configuration: $state_folder/nginx-run/error.log"
  done
}
