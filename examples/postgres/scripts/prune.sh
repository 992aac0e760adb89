#!/usr/bin/env bash
# prune.sh KEEP leaves the newest. The time is in the name, so the names sort by age.
set -euo pipefail
shopt -s nullglob

dumps=("$BACKUP_DIR/$PGDATABASE"-*Z.dump)
surplus=$((${#dumps[@]} - $1))
for ((i = 0; i < surplus; i++)); do
  rm -v -- "${dumps[i]}" "${dumps[i]%.dump}.tables"
done
