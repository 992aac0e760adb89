-- Run by dump.sh: pg_dump and the fingerprint in one snapshot.
begin isolation level repeatable read read only;
select pg_export_snapshot() as snapshot \gset
\setenv SNAPSHOT :snapshot
\! pg_dump --format=custom --snapshot="$SNAPSHOT" --file="$BACKUP_PART" >&2 || rm -f "$BACKUP_PART"
\ir fingerprint.sql
commit;
