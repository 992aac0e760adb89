#!/usr/bin/env bash
# Gives the log a new name if it is large, and notes that name for the steps
# that follow. Without a note they have nothing to do.
set -euo pipefail
log=${LOG_FILE:?is the log to rotate}

kib=$(($(stat -c %s -- "$log") / 1024))
if ((kib < ${LOG_MAX_KIB:-102400})); then
  echo "$log has $kib KiB: not yet"
  exit 0
fi

rotated=$log.$(date -u +%Y%m%dT%H%M%S.%NZ)
mv -nT -- "$log" "$rotated"
printf '%s' "$rotated" >"$RUNBOOK_RUN_DIR/rotated"
echo "$log had $kib KiB and is now $rotated"
