-- The bytes that each streaming standby has not replayed yet, as a JSON list. One
-- that connected just now has not said yet what it replayed.
select coalesce(json_agg(pg_wal_lsn_diff(pg_current_wal_lsn(), replay_lsn)::bigint), '[]')
from pg_stat_replication where state = 'streaming' and replay_lsn is not null;
