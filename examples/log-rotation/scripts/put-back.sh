#!/usr/bin/env bash
# The daemon did not reopen: give its file the name back that it knows. If it
# did, all is in place, and the next run compresses what this one did not.
set -euo pipefail
[[ -e $RUNBOOK_RUN_DIR/rotated ]] || exit 0
rotated=$(<"$RUNBOOK_RUN_DIR/rotated")

if [[ -e $LOG_FILE || ! -e $rotated ]]; then
  echo "$LOG_FILE is in use: left as it is"
  exit 0
fi
mv -nT -- "$rotated" "$LOG_FILE"
echo "$LOG_FILE has its name back; restart its daemon to have it rotated"
