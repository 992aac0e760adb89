#!/usr/bin/env bash
# What the kernel knows of one process and its threads.
set -euo pipefail
pid=${SUSPECT_PID:?is the process to look at}
out=$RUNBOOK_RUN_DIR/suspect.txt

if [[ ! -d /proc/$pid ]]; then
  echo "there is no process $pid any more" >&2
  exit 1
fi
{
  for file in status limits io wchan; do
    echo "== $file"
    cat "/proc/$pid/$file" 2>&1 || true
    echo
  done
  echo "== open files"
  find "/proc/$pid/fd" -type l -printf '%f -> %l\n' 2>&1 | sort -n || true
  echo "== threads and what each waits in"
  for task in "/proc/$pid/task"/*; do
    printf '%s %s %s\n' "${task##*/}" "$(cat "$task/comm")" "$(cat "$task/wchan" 2>/dev/null || echo ?)"
  done
  echo "== command line"
  tr '\0' ' ' <"/proc/$pid/cmdline"
  echo
} >"$out"
grep -E '^(Name|State|VmRSS|Threads):' "$out"
