-- The bytes that each streaming standby has not replayed yet.
select pg_wal_lsn_diff(pg_current_wal_lsn(), replay_lsn)::bigint
from pg_stat_replication where state = 'streaming';
