#!/usr/bin/env bash
# Puts the copy of this run back. Through SQLite: a file moved into place would
# meet the write-ahead log of the one it replaces.
set -euo pipefail
copy=$DB_FILE.before-$RUNBOOK_RUN_ID

[[ -s $copy ]] || { echo "$copy is not there" >&2; exit 1; }   # .restore would make an empty one
sqlite3 -bail "$DB_FILE" ".restore '$copy'"
[[ $(sqlite3 -bail "$DB_FILE" 'pragma integrity_check') == ok ]]
echo "restored version $(sqlite3 "$DB_FILE" 'pragma user_version') from $copy"
