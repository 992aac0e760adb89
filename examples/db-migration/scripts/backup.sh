#!/usr/bin/env bash
# A copy through SQLite itself, which is whole even with a write-ahead log.
set -euo pipefail
copy=$DB_FILE.before-$RUNBOOK_RUN_ID

sqlite3 -bail "$DB_FILE" ".backup '$copy.part'"
[[ $(sqlite3 -bail "$copy.part" 'pragma integrity_check') == ok ]]
mv -- "$copy.part" "$copy"
echo "backed up to $copy"
