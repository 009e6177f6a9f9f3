-- The statements that share slots among daemons: a heartbeat keeps, takes and tells; who is gone is forgotten, and its sessions are ended.
\ir record.psql
\set text `cat sql/query/fleet_heartbeat.sql`
prepare heartbeat (uuid, text, bytea, interval, integer[]) as :text
\set text `cat sql/query/fleet_give_back.sql`
prepare give_back (uuid, integer[]) as :text
\set text `cat sql/query/fleet_leave.sql`
prepare leave (uuid) as :text
\set text `cat sql/query/fleet_place.sql`
prepare place (text[]) as :text
\set text `cat sql/query/fleet_daemons.sql`
prepare daemons as :text
create function pg_temp.daemon(number integer) returns uuid language sql as $$ select md5(number::text)::uuid $$;
create function pg_temp.beat(number integer, pids integer[] default '{}') returns void language plpgsql as $$
begin
  drop table if exists answer;
  execute format('create temporary table answer as execute heartbeat (%L, %L, %L, %L, %L)', pg_temp.daemon(number), 'm' || number, '\x01', '15 s', pids);
end $$;
-- What a daemon of the code does with an answer: what is over its share goes back when it is drained, here at once.
create function pg_temp.round(daemons integer) returns void language plpgsql as $$
declare excess integer[];
begin
  for number in 1 .. daemons loop
    perform pg_temp.beat(number);
    select array_agg(slot) into excess from (select slot, row_number() over (order by slot) as place, share from answer where slot is not null) as own where place > share;
    execute format('execute give_back (%L, %L)', pg_temp.daemon(number), excess);
  end loop;
end $$;
create function pg_temp.spread() returns text language sql as $$
  select string_agg(held || 'x' || daemons, ' ' order by held desc)
  from (select held, count(*) as daemons from (select count(*) as held from fleet_slot where holder is not null group by holder) as own group by held) as told $$;

select pg_temp.beat(1);
select pg_temp.must(count(*) = 256 and min(epoch) = 1 and max(epoch) = 1 and min(share) = 256 and min(ended) = 0, 'alone, all is its own') from answer;
select pg_temp.beat(2);
select pg_temp.must(count(*) = 1 and bool_and(slot is null) and min(share) = 128, 'the second waits for its share') from answer;
select pg_temp.round(2);
select pg_temp.round(2);
select pg_temp.must(pg_temp.spread() = '128x2', 'two: ' || pg_temp.spread());
select pg_temp.round(3);
select pg_temp.round(3);
select pg_temp.must(pg_temp.spread() = '86x2 84x1', 'three: ' || pg_temp.spread());
select pg_temp.round(8);
select pg_temp.round(8);
select pg_temp.must(pg_temp.spread() = '32x8', 'eight: ' || pg_temp.spread());
select pg_temp.must(min(epoch) >= 1 and max(epoch) <= 4, 'an epoch is a change of hands') from fleet_slot;

-- Nothing moves: its own rows alone are updated, in place.
select pg_temp.beat(1);
select epoch as before from fleet_slot where holder = pg_temp.daemon(1) limit 1 \gset
create function pg_temp.wal(statement text, out records bigint, out full_images bigint, out bytes bigint) language plpgsql as $$
declare plan json;
begin
  execute 'explain (analyze, wal, format json) ' || statement into plan;
  select (p ->> 'WAL Records')::bigint, (p ->> 'WAL FPI')::bigint, (p ->> 'WAL Bytes')::bigint into records, full_images, bytes from (values (plan -> 0 -> 'Plan')) as told (p);
end $$;
select format('execute heartbeat (%L, ''m1'', ''\x01'', ''15 s'', ''{}'')', pg_temp.daemon(1)) as statement \gset
create function pg_temp.in_place(out updated bigint, out in_place bigint) language plpgsql as $$
declare before record;
begin
  select n_tup_upd, n_tup_hot_upd into before from pg_stat_xact_user_tables where relname = 'fleet_slot';
  perform pg_temp.beat(1);
  select n_tup_upd - before.n_tup_upd, n_tup_hot_upd - before.n_tup_hot_upd into updated, in_place from pg_stat_xact_user_tables where relname = 'fleet_slot';
end $$;
-- Ten times, and the best of them: a backend that just connects, to whatever database, holds back for that moment what makes room for the next.
create temporary table measured (records bigint, bytes bigint, updated bigint, in_place bigint);
select format('insert into measured (records, bytes) select records, bytes from pg_temp.wal(%L)', :'statement') from generate_series(1, 10) \gexec
select 'insert into measured (updated, in_place) select * from pg_temp.in_place()' from generate_series(1, 10) \gexec
select pg_temp.must(bool_or(records between 32 and 40 and bytes < 5000), format('a heartbeat of 32 slots: %s records, %s bytes', min(records), min(bytes))) from measured;
select pg_temp.must(bool_and(updated = 32) and max(in_place) = 32, format('%s of %s updates in place', max(in_place), max(updated))) from measured;

-- Time passes: an expired slot is anybody's, once; its epoch tells.
update fleet_daemon set expires_at = now() - interval '1 ms' where daemon_id = pg_temp.daemon(8);
update fleet_slot set expires_at = now() - interval '1 ms' where holder = pg_temp.daemon(8);
select sum(epoch) as before from fleet_slot \gset
select pg_temp.beat(1);
select pg_temp.must(count(*) = 37 and min(share) = 37, 'its share of eight becomes that of seven') from answer;
select pg_temp.must(sum(epoch) = :before + 5, 'five changed hands') from fleet_slot;
select pg_temp.must(not exists (select from fleet_daemon where daemon_id = pg_temp.daemon(8)), 'who is gone is forgotten');
select pg_temp.round(7);
select pg_temp.must(count(*) filter (where holder is null or holder = pg_temp.daemon(8)) = 0, 'nothing is left') from fleet_slot;
-- Its own, expired: taken anew, in the next epoch.
update fleet_slot set expires_at = now() - interval '1 ms' where holder = pg_temp.daemon(1);
select pg_temp.beat(1);
select pg_temp.must(count(*) = 37, 'its own again') from answer;

-- The clock was years ahead, and is right again: who lives sets its times right, who died then is gone all the same.
update fleet_daemon set expires_at = now() + interval '10 years' where daemon_id in (pg_temp.daemon(1), pg_temp.daemon(7));
update fleet_slot set expires_at = now() + interval '10 years' where holder in (pg_temp.daemon(1), pg_temp.daemon(7));
select pg_temp.round(6);
select pg_temp.round(6);
select pg_temp.must(max(expires_at) < now() + interval '1 min' and pg_temp.spread() = '43x5 41x1', 'after the clock: ' || pg_temp.spread()) from fleet_slot;

-- Sessions of a daemon that is gone are ended; a pid that was used again is somebody else's.
\setenv PGDATABASE :DBNAME
\setenv PGAPPNAME closesyncd
\! psql -Xqc 'select pg_sleep(60)' >/dev/null 2>&1 & psql -Xqc 'select pg_sleep(60)' >/dev/null 2>&1 &
create view pg_temp.sleeper as select pid from pg_stat_activity where query = 'select pg_sleep(60)' and datname = current_database();
do $$ begin
  while (select count(*) < 2 from pg_temp.sleeper) loop perform pg_sleep(0.02), pg_stat_clear_snapshot(); end loop;
end $$;
select min(pid) as stopped, max(pid) as other from pg_temp.sleeper \gset
select pg_temp.beat(6, array[:stopped, :other, 1]);
update fleet_daemon set backend_starts[2] = backend_starts[2] - interval '1 us', expires_at = now() - interval '1 s' where daemon_id = pg_temp.daemon(6);
select pg_temp.must(backend_pids = array[:stopped, :other] and array_length(backend_starts, 1) = 2, 'those that there are') from fleet_daemon where daemon_id = pg_temp.daemon(6);
select pg_temp.beat(1);
select pg_temp.must(min(ended) = 1, 'one of two was its') from answer;
do $$ begin
  while (select count(*) > 1 from pg_temp.sleeper) loop perform pg_sleep(0.02), pg_stat_clear_snapshot(); end loop;
end $$;
select pg_temp.must(count(*) = 1 and min(pid) = :other, 'and is ended') from pg_temp.sleeper;
select pg_terminate_backend(:other);

-- Who leaves gives all back; NAMEs have their places.
execute leave (pg_temp.daemon(1));
select pg_temp.must(count(*) filter (where holder = pg_temp.daemon(1)) = 0, 'left') from fleet_slot;
create temporary table told as execute daemons;
select pg_temp.must(count(*) = 4 and min(member) = 'm2' and min(configuration) = '\x01' and sum(slots) between 1 and 256, 'who is there') from told;
create temporary table placed as execute place ('{acme,other}');
select pg_temp.must(count(*) = 2 and bool_and(slot = hashtextextended(name, 0) & 255), 'places') from placed;
