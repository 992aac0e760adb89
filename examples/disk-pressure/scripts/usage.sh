#!/usr/bin/env bash
# Shows the filesystem, its inodes, and the largest folders of the tree.
set -euo pipefail
. "$(dirname "$0")/settings.sh"

df -hP -- "$root"
df -iP -- "$root"                         # "no space left" with space left is inodes

echo
echo "largest folders below $root (KiB):"
{ du -xk --max-depth=3 -- "$root" 2>/dev/null || true; } | sort -rn | sed -n '1,15p'

echo
used=$(($(used_kib) / 1024))
echo "used_mib=$used" >>"$RUNBOOK_STEP_OUTPUT"
echo "$used MiB used, budget $budget_mib MiB"
