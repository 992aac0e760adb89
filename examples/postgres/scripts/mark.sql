-- One row for this run and phase. The checkpoint makes the timeline of a server
-- that was promoted just now known to pg_rewind.
create table if not exists failover_drill (run text, phase text, at timestamptz default now(), primary key (run, phase));
insert into failover_drill (run, phase) values (:'run', :'phase');
checkpoint;
