#!/usr/bin/env bash
# The time is in the name, so the names sort by age.
set -euo pipefail
shopt -s nullglob

dumps=("$BACKUP_DIR/$PGDATABASE"-*Z.dump)
surplus=$((${#dumps[@]} - ${BACKUP_KEEP:-14}))
for ((i = 0; i < surplus; i++)); do
  rm -v -- "${dumps[i]}" "${dumps[i]%.dump}.tables"
done
