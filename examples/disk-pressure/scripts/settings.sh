# shellcheck shell=bash disable=SC2034  # all of it is used by the scripts that source this
# Sourced by every script of this runbook; the params come as variables.

budget_mib=${DISK_BUDGET_MIB:?}
target_mib=${DISK_TARGET_MIB:?}

list=${RUNBOOK_RUN_DIR:?is set by runbook}/candidates   # records "KiB<tab>path", each ended by NUL

root=$(realpath -e -- "${DISK_ROOT:?}")

# used_kib prints what the tree takes on its own filesystem. du exits 1 when a
# file vanishes while it looks, which is normal in a tree that is in use.
used_kib() { { du -xsk -- "$root" 2>/dev/null || true; } | cut -f1; }
