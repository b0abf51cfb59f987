# Sourced by the other scripts: where the repository is, how to speak, how to become root.
set -euo pipefail

repo=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
program=$(basename "$0")

say() {
  printf '%s: %s\n' "$program" "$*" >&2
}

die() {
  say "error: $*"
  exit 1
}

# The comment at the head of the calling script is its help.
print_help() {
  sed -n '2,/^[^#]/s/^# \{0,1\}//p' "$0"
}

as_root() {
  if [ "$(id -u)" -eq 0 ]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    die "must be root for \"$*\", and there is no sudo"
  fi
}

# Quiet unless it fails; the whole story is in the log.
apt_get() {
  local log=$repo/build/setup.log
  mkdir -p "${log%/*}"
  as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3 "$@" >>"$log" 2>&1 ||
    { tail -n 40 "$log" >&2 && die "apt-get $1 failed; see $log"; }
}

# What the caller has set for a database, a provider or embedctl must not reach what is tried here.
forget_settings() {
  local variable
  for variable in DATABASE_URL ${!PG@} ${!OPENAI_@} ${!EMBEDCTL_@}; do
    [ "$variable" = EMBEDCTL_PG_BIN ] || unset "$variable"
  done
}
