# What must be on the machine, and how to get it there. Sourced after common.sh.
# shellcheck shell=bash

# The folder with initdb and postgres: the newest version that has PostGIS beside it. Empty when there is none.
postgres_bin() {
  local control version
  for control in $(ls -d /usr/share/postgresql/*/extension/postgis.control 2>/dev/null | sort -rV); do
    version=${control#/usr/share/postgresql/}
    version=${version%%/*}
    if [[ -x /usr/lib/postgresql/$version/bin/initdb ]]; then echo "/usr/lib/postgresql/$version/bin"; return; fi
  done
  # Built from source, or of a distribution that keeps everything in one place.
  if command -v pg_config >/dev/null && [[ -e $(pg_config --sharedir)/extension/postgis.control && -x $(pg_config --bindir)/initdb ]]; then
    pg_config --bindir
  fi
}

find_nginx() { command -v nginx || { [[ -x /usr/sbin/nginx ]] && echo /usr/sbin/nginx; } || true; }
find_memcached() { command -v memcached || true; }
find_chromium() { command -v chromium || command -v chromium-browser || command -v google-chrome || true; }

# The distribution's own PostgreSQL, whatever its version is there.
postgis_packages() {
  local version
  version=$(apt-cache depends postgresql 2>/dev/null | sed -n 's/^ *Depends: postgresql-\([0-9]\+\)$/\1/p' | head -n 1)
  echo "postgresql postgresql-${version:-15}-postgis-3"
}

missing_packages() { # words: server, browser, node
  local part list=()
  for part in "$@"; do
    case $part in
      server)
        [[ -n $(postgres_bin) ]] || read -ra list <<<"${list[*]} $(postgis_packages)"
        [[ -n $(find_nginx) ]] || list+=(nginx)
        [[ -n $(find_memcached) ]] || list+=(memcached)
        command -v curl >/dev/null || list+=(curl)
        # Ours runs without it (InvariantGlobalization), the SDK's own commands do not.
        has_icu || list+=("$(icu_package)")
        ;;
      browser) [[ -n $(find_chromium) ]] || list+=(chromium) ;;
      node)
        command -v node >/dev/null || list+=(nodejs)
        command -v npm >/dev/null || list+=(npm)
        ;;
    esac
  done
  echo "${list[*]}"
}

has_icu() { [[ -n ${DOTNET_SYSTEM_GLOBALIZATION_INVARIANT:-} || $(PATH=$PATH:/sbin:/usr/sbin ldconfig -p) == *libicuuc.so* ]]; }

icu_package() {
  local name
  name=$(apt-cache search --names-only '^libicu[0-9]+$' 2>/dev/null | cut -d' ' -f1 | sort -V | tail -n 1)
  echo "${name:-libicu72}"
}

# Installs what is missing when it may, and says what to install when it may not.
require_packages() {
  local missing
  if command -v apt-get >/dev/null && is_root && [[ -z $(ls /var/lib/apt/lists/*Packages* 2>/dev/null) ]]; then
    [[ -z $(missing_packages "$@") ]] || apt-get update -qq >&2
  fi
  missing=$(missing_packages "$@")
  command -v dotnet >/dev/null || fail "the .NET SDK 10 is missing: https://dotnet.microsoft.com/download"
  [[ -n $missing ]] || return 0
  if ! is_root || ! command -v apt-get >/dev/null; then
    fail "these packages are missing. Install them with
    sudo apt-get install $missing"
  fi
  say "Installing $missing"
  # The packages would start servers of their own on the usual ports. Ours are separate, so those are not started.
  local policy=/usr/sbin/policy-rc.d made_policy=
  if [[ ! -e $policy ]]; then
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 755 "$policy"
    made_policy=1
  fi
  local status=0
  # shellcheck disable=SC2086 # a list of words
  install_packages $missing || { apt-get update -qq >&2 && install_packages $missing; } || status=$?
  if [[ -n $made_policy ]]; then rm -f "$policy"; fi
  ((status == 0)) || fail "apt-get could not install: $missing"
}

# Says nothing unless it fails.
install_packages() {
  local log status=0
  log=$(mktemp)
  DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends -o Dpkg::Use-Pty=0 "$@" </dev/null >"$log" 2>&1 || status=$?
  if ((status != 0)); then tail -n 15 "$log" >&2; fi
  rm -f "$log"
  return "$status"
}
