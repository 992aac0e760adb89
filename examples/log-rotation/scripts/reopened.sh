#!/usr/bin/env bash
# Fails while the daemon still writes to a renamed file, of this run or of one
# before that got no further.
set -euo pipefail
shopt -s nullglob
renamed=("$LOG_FILE".*Z)
((${#renamed[@]} > 0)) || exit 0

if [[ ! -e $LOG_FILE ]]; then
  echo "$LOG_FILE is not there yet" >&2
  exit 1
fi
pid=$(<"$LOG_PID_FILE")
for fd in "/proc/$pid/fd"/*; do
  for file in "${renamed[@]}"; do
    if [[ $fd -ef $file ]]; then
      echo "process $pid still has $file open" >&2
      exit 1
    fi
  done
done
