#!/usr/bin/env bash
# Writes BACKUP_DIR/<database>-<time>.dump and, beside it, a .tables file with the
# rows and checksum of each table. Both show the same moment: psql opens a
# snapshot, and pg_dump reads in it while psql keeps it open.
set -euo pipefail
database=${PGDATABASE:?is the database to back up}
folder=${BACKUP_DIR:?}
here=$(realpath -e -- "$(dirname "$0")")

backup=$folder/$database-$(date -u +%Y%m%dT%H%M%SZ)
umask 077
mkdir -p -- "$folder"
trap 'rm -f -- "$backup".*.part' EXIT

export BACKUP_PART=$backup.dump.part
psql --no-psqlrc --quiet --tuples-only --no-align --set=ON_ERROR_STOP=1 \
  --set=here="$here" --file="$here/snapshot.sql" >"$backup.tables.part"

pg_restore --list "$BACKUP_PART" >/dev/null      # psql does not tell how pg_dump ended
sync -- "$backup.dump.part" "$backup.tables.part"
mv -- "$backup.tables.part" "$backup.tables"
mv -- "$backup.dump.part" "$backup.dump"         # last: a .dump always has its .tables
echo "file=$backup.dump" >>"$RUNBOOK_STEP_OUTPUT"
du -h -- "$backup.dump"
