#!/usr/bin/env bash
set -euo pipefail
db=${DB_FILE:?}

[[ -f $db ]] || { echo "$db is not there" >&2; exit 1; }
sound=$(sqlite3 -bail "$db" 'pragma integrity_check')
if [[ $sound != ok ]]; then
  printf 'damaged before we came: %s\n' "$sound" >&2
  exit 1
fi

need=$(($(stat -c %s -- "$db") * 2 / 1024))      # a copy, and room for the migration to grow
have=$(df -Pk -- "$(dirname "$db")" | awk 'NR == 2 { print $4 }')
if ((have < need)); then
  echo "$((have / 1024)) MiB free, $((need / 1024)) MiB needed" >&2
  exit 1
fi

files=(migrations/*.sql)
version=$(sqlite3 "$db" 'pragma user_version')
newest=$((10#$(basename "${files[-1]}" | cut -c1-4)))
echo "version=$version" >>"$RUNBOOK_STEP_OUTPUT"
echo "newest=$newest" >>"$RUNBOOK_STEP_OUTPUT"
echo "at version $version, newest is $newest"
