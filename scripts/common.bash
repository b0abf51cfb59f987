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

apt_get() {
  as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=300 "$@"
}
