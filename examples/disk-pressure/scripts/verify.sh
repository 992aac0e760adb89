#!/usr/bin/env bash
# Fails while the tree is over its budget.
set -euo pipefail
. "$(dirname "$0")/settings.sh"

used=$(($(used_kib) / 1024))
if ((used > budget_mib)); then
  echo "still over budget: $used MiB of $budget_mib MiB" >&2
  exit 1
fi
echo "$used MiB used, budget $budget_mib MiB"
