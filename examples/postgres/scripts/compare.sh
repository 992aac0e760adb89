#!/usr/bin/env bash
# compare.sh DUMP DATABASE compares what was restored with what was recorded when
# the backup was made.
set -euo pipefail
here=$(realpath -e -- "$(dirname "$0")")
recorded=${1%.dump}.tables
restored=$RUNBOOK_RUN_DIR/tables

psql --no-psqlrc --quiet --tuples-only --no-align --set=ON_ERROR_STOP=1 \
  --dbname="$2" --file="$here/fingerprint.sql" >"$restored"

if [[ ! -s $recorded ]]; then
  echo "$recorded names no table: nothing was proven" >&2
  exit 1
fi
if ! diff --unified=0 --label recorded --label restored "$recorded" "$restored" >&2; then
  echo "the backup is not what was backed up" >&2
  exit 1
fi
awk -F '|' '{ rows += $2 } END { printf "tables=%d\nrows=%d\n", NR, rows }' "$restored" >>"$RUNBOOK_STEP_OUTPUT"
