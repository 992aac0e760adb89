-- One line for each table: its name, its rows, and a checksum that does not
-- depend on the order of the rows. \gexec runs what the query returns, so this
-- is one scan a table and needs no list of tables kept by hand.
--
-- A row counts as its text, so the settings that shape text are fixed here.
set datestyle = 'ISO, YMD';
set intervalstyle = 'postgres';
set timezone = 'UTC';
set extra_float_digits = 1;
set bytea_output = 'hex';

select format(
  'select %L, count(*), coalesce(sum(hashtextextended(t::text, 0)::numeric), 0) from only %I.%I t',
  n.nspname || '.' || c.relname, n.nspname, c.relname)
from pg_class c
join pg_namespace n on n.oid = c.relnamespace
where c.relkind = 'r'
  and c.relpersistence = 'p'
  and n.nspname not in ('pg_catalog', 'information_schema')
  and n.nspname not like 'pg\_toast%'
order by n.nspname, c.relname
\gexec
