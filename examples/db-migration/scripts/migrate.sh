#!/usr/bin/env bash
# Applies every migration above the database's version, in order.
set -euo pipefail

version=$(sqlite3 "$DB_FILE" 'pragma user_version')
for file in migrations/[0-9][0-9][0-9][0-9]_*.sql; do
  number=$((10#$(basename "$file" | cut -c1-4)))
  ((number > version)) || continue
  if ((number != version + 1)); then
    echo "migration $((version + 1)) is missing" >&2
    exit 1
  fi
  sqlite3 -bail "$DB_FILE" <<SQL
pragma foreign_keys = on;
begin immediate;
.read '$file'
pragma user_version = $number;
commit;
SQL
  version=$number
  echo "applied $file"
done
