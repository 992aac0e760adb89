#!/usr/bin/env bash
# A process list out of /proc, largest first. Without command lines: those hold
# passwords, and this file is going to be attached to a ticket.
set -euo pipefail

for dir in /proc/[0-9]*; do
  awk -v pid="${dir#/proc/}" '
    /^Name:/    { name = $2 }
    /^State:/   { state = $2 }
    /^VmRSS:/   { rss = $2 }
    /^Threads:/ { threads = $2 }
    END { printf "%9d KiB  %4d threads  %s  %7d  %s\n", rss, threads, state, pid, name }
  ' "$dir/status" 2>/dev/null || true                # it ended meanwhile
done | sort -rn >"$RUNBOOK_RUN_DIR/processes.txt"
echo "$(wc -l <"$RUNBOOK_RUN_DIR/processes.txt") processes"
