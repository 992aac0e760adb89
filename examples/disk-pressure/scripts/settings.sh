# shellcheck shell=bash
# Sourced by every script of this runbook. All of it can be set from outside.

root=${DISK_ROOT:-/var}                   # the tree that is watched
budget_mib=${DISK_BUDGET_MIB:-20480}      # above it there is work to do
target_mib=${DISK_TARGET_MIB:-16384}      # deleting stops as soon as this is reached

# shellcheck disable=SC2034  # used by the scripts that source this
list=${RUNBOOK_RUN_DIR:?is set by runbook}/candidates   # records "KiB<tab>path", each ended by NUL

root=$(realpath -e -- "$root")
if ((target_mib > budget_mib)); then
  echo "DISK_TARGET_MIB ($target_mib) is above DISK_BUDGET_MIB ($budget_mib)" >&2
  exit 2
fi

# used_kib prints what the tree takes on its own filesystem. du exits 1 when a
# file vanishes while it looks, which is normal in a tree that is in use.
used_kib() { { du -xsk -- "$root" 2>/dev/null || true; } | cut -f1; }
