-- The database's clock ahead, and right again, through the real steps: what was observed later is never told as observed earlier, and no
-- not_before is a time that the clock went back behind. The clock is the test's own: a schema before pg_catalog has it.
create schema fake;
create function fake.clock_timestamp() returns timestamptz volatile language sql as $$ select current_setting('fake.clock')::timestamptz $$;
set search_path = fake, close_crm, pg_catalog;
set fake.clock = '2026-01-01 00:00:01';
\ir prepare.psql
create function pg_temp.row_of(account text) returns text language sql as $$
  select format('%s %s %s', change, coalesce(to_char(not_before, 'YYYY-MM-DD HH24:MI'), '-'), to_char(observed_at, 'YYYY-MM-DD HH24:MI'))
  from account_history where account_id = account order by version desc limit 1
$$;
create procedure pg_temp.says(account text, wanted text) language plpgsql as $$
begin
  perform pg_temp.must(pg_temp.row_of(account) = wanted, format('%s: %s, not %s', account, pg_temp.row_of(account), wanted));
  perform pg_temp.must(bool_and(coalesce(not_before < observed_at, true)), account || ': an interval is empty') from account_history;
  perform pg_temp.must(bool_and(goes_on), account || ': observed_at went back')
  from (select observed_at >= lag(observed_at, 1, '-infinity') over (order by seq) as goes_on from account_history) as step;
  perform pg_temp.must(count(*) = 0, account || ': the history holds') from verify_history('orga_1');
end $$;
\set gone '{}'
\set rejected '[]'
\set unseen '{}'
\set error ''
\set volatile '{}'
\set verify true
\set complete true
\set revision null
\set outcome unchanged
\set started '2026-01-01 00:00'
select '[["a", "0a", "0b", {"id": "a", "n": 1}], ["b", "0a", "0c", {"id": "b"}], ["c", "0a", "0d", {"id": "c"}]]' as batch \gset
\ir sweep.psql
call pg_temp.says('a', 'added - 2026-01-01 00:00');

-- Ten years ahead. What is told is still true by the clock that is.
set fake.clock = '2036-01-01 00:01:01';
\set outcome unchanged
\set started '2036-01-01 00:01'
select '[["a", "0c", "0d", {"id": "a", "n": 2}]]' as batch \gset
\set unseen '{c}'
\ir sweep.psql
call pg_temp.says('a', 'changed 2026-01-01 00:00 2036-01-01 00:01');
set fake.clock = '2036-01-01 00:02:01';
\set outcome unchanged
\set started '2036-01-01 00:02'
\set batch '[]'
\ir sweep.psql

-- Right again: what came since began after a time further back, which the clock has passed. A change, an addition, and the removal of one that was unseen before.
set fake.clock = '2026-01-01 00:03:01';
\set outcome unchanged
\set started '2026-01-01 00:03'
select '[["a", "0e", "0f", {"id": "a", "n": 3}], ["d", "0a", "0b", {"id": "d"}]]' as batch \gset
\set gone '{b}'
\set unseen '{c}'
\ir sweep.psql
call pg_temp.says('a', 'changed 2026-01-01 00:00 2036-01-01 00:01');
call pg_temp.says('d', 'added 2026-01-01 00:00 2036-01-01 00:01');
call pg_temp.says('b', 'removed 2026-01-01 00:00 2036-01-01 00:01');
select pg_temp.must(listed_at = '2026-01-01 00:03' and last_swept_at = '2026-01-01 00:03' and last_changed_at = '2036-01-01 00:01:01', 'the newest sweep is the newest') from organization;

-- And from then on everything is: the beginning by the right clock, the end no earlier than before. But c was last seen in 2026, at 00:00.
set fake.clock = '2026-01-01 00:04:01';
\set outcome unchanged
\set started '2026-01-01 00:04'
select '[["a", "1e", "1f", {"id": "a", "n": 4}], ["e", "0a", "0b", {"id": "e"}]]' as batch \gset
\set gone '{c}'
\set unseen '{}'
\ir sweep.psql
call pg_temp.says('a', 'changed 2026-01-01 00:03 2036-01-01 00:01');
call pg_temp.says('e', 'added 2026-01-01 00:03 2036-01-01 00:01');
call pg_temp.says('c', 'removed 2026-01-01 00:00 2036-01-01 00:01');
select pg_temp.must((select other ->> 'n' from account_as_of('infinity') where account_id = 'a') = '4' and (select other ->> 'n' from account where account_id = 'a') = '4', 'the newest is the newest');

-- An account that a listing ahead of its time did not show: when it was seen last is not known.
set fake.clock = '2036-01-01 00:05:01';
\set outcome unchanged
\set started '2036-01-01 00:05'
\set batch '[]'
\set gone '{}'
\ir sweep.psql
set fake.clock = '2036-01-01 00:06:01';
\set outcome unchanged
\set started '2036-01-01 00:06'
\set unseen '{d}'
\ir sweep.psql
set fake.clock = '2026-01-01 00:07:01';
\set outcome unchanged
\set started '2026-01-01 00:07'
\set unseen '{d,e}'
\ir sweep.psql
select pg_temp.must(seen_at = '-infinity', 'seen nobody knows when') from account_digest where account_id = 'e';
set fake.clock = '2026-01-01 00:08:01';
\set outcome unchanged
\set started '2026-01-01 00:08'
select '[["d", "1c", "1d", {"id": "d", "n": 2}], ["e", "1c", "1d", {"id": "e", "n": 2}]]' as batch \gset
\set unseen '{}'
\ir sweep.psql
call pg_temp.says('d', 'changed 2026-01-01 00:03 2036-01-01 00:01');
call pg_temp.says('e', 'changed 2026-01-01 00:04 2036-01-01 00:01');
select pg_temp.must(count(*) = 0, 'all are seen') from account_digest where seen_at is not null;

-- It goes back while the sweep is under way: list again.
set fake.clock = '2026-01-01 00:09:00';
\set started '2026-01-01 00:09:01'
\set ON_ERROR_STOP off
select revision || ':' || revision_id as revision from organization \gset
begin;
execute begin ('orga_1', :'revision', 'one', 'user_p', null, :'started', null, null, '{}', true, true, 1, 'one', :holder, :'excluded');
\set back :SQLSTATE
rollback;
-- Somebody listed since it began.
set fake.clock = '2026-01-01 00:10:00';
begin;
execute begin ('orga_1', :'revision', 'one', 'user_p', null, '2026-01-01 00:07:59', null, null, '{}', true, true, 1, 'one', :holder, :'excluded');
\set listed :SQLSTATE
rollback;
begin;
select pg_advisory_unlock(hashtextextended('one', hashtext(current_schema)));
execute begin ('orga_1', :'revision', 'one', 'user_p', null, '2026-01-01 00:09', null, null, '{}', true, true, 1, 'one', :holder, :'excluded');
\set unlocked :SQLSTATE
rollback;
\set ON_ERROR_STOP on
select pg_temp.must(:'back' = 'CS001', 'the clock went back'), pg_temp.must(:'listed' = 'CS001', 'somebody listed'), pg_temp.must(:'unlocked' = 'CS007', 'the lock is gone');
