#!/usr/bin/env bash
# quorum.sh N NAME...: fails unless at least N of them are up.
set -euo pipefail
need=$1
shift

up=0
for name; do
  if [[ -e $RUNBOOK_RUN_DIR/up.$name ]]; then
    up=$((up + 1))
  else
    echo "$name is down"
  fi
done
echo "$up of $# up, $need needed"
((up >= need))
