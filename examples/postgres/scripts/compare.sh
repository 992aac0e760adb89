#!/usr/bin/env bash
# Compares what was restored with what was recorded when the backup was made.
set -euo pipefail
here=$(realpath -e -- "$(dirname "$0")")
backup=$(<"$RUNBOOK_RUN_DIR/backup")
recorded=${backup%.dump}.tables
restored=$RUNBOOK_RUN_DIR/tables

psql --no-psqlrc --quiet --tuples-only --no-align --set=ON_ERROR_STOP=1 \
  --dbname="check_$RUNBOOK_RUN_ID" --file="$here/fingerprint.sql" >"$restored"

if [[ ! -s $recorded ]]; then
  echo "$recorded names no table: nothing was proven" >&2
  exit 1
fi
if ! diff --unified=0 --label recorded --label restored "$recorded" "$restored" >&2; then
  echo "the backup is not what was backed up" >&2
  exit 1
fi
awk -F '|' '{ rows += $2 } END { print NR " tables with " rows " rows are as recorded" }' "$restored"
