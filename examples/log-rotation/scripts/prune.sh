#!/usr/bin/env bash
# The time is in the name, so the names sort by age.
set -euo pipefail
shopt -s nullglob

archives=("$LOG_FILE".*Z.gz)
surplus=$((${#archives[@]} - ${LOG_KEEP:-7}))
if ((surplus > 0)); then
  rm -v -- "${archives[@]:0:surplus}"
fi
