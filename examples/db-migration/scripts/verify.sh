#!/usr/bin/env bash
set -euo pipefail

problems=$(sqlite3 -bail "$DB_FILE" <<'SQL'
select * from pragma_integrity_check where integrity_check <> 'ok';
select 'dangling reference: ' || "table" || ' row ' || rowid from pragma_foreign_key_check;
.read checks.sql
SQL
)
if [[ $problems ]]; then
  printf '%s\n' "$problems" >&2
  exit 1
fi
[[ -e $MAINTENANCE_FLAG ]] || { echo "the maintenance flag went away meanwhile" >&2; exit 1; }
echo "at version $(sqlite3 "$DB_FILE" 'pragma user_version'), all checks passed"
