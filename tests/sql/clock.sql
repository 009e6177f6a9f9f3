-- The database's clock stepping back: what was observed later is never told as observed earlier. Through the real steps.
\ir prepare.psql
\set gone '{}'
\set rejected '[]'
\set unseen '{}'
\set outcome unchanged
\set error ''
\set volatile '{}'
\set verify true
\set complete true
\set revision null
\set started '2100-01-01 00:00'
select '[["a", "0a", "0b", {"id": "a", "n": 1}]]' as batch \gset
\ir sweep.psql
select pg_temp.must(observed_at >= '2100-01-01', 'a clock far ahead') from account_history;
\set revision 1
\set outcome unchanged
\set started '2026-01-01 00:00'
select '[["a", "0c", "0d", {"id": "a", "n": 2}]]' as batch \gset
\ir sweep.psql
select pg_temp.must(count(*) = 2 and max(observed_at) filter (where seq = 2) >= max(observed_at) filter (where seq = 1), 'goes on, not back') from account_history;
select pg_temp.must(bool_and(not_before is null or not_before <= observed_at), 'nor before itself') from account_history;
select pg_temp.must(count(*) = 0, 'the history holds') from verify_history('orga_1');
select pg_temp.must((select other ->> 'n' from account_as_of('infinity')) = '2' and (select other ->> 'n' from account) = '2', 'the newest is the newest');

-- It stepped back after sweeps that only moved last_swept_at, or that did not show an account: an addition, a change, a removal.
create procedure pg_temp.holds(what text) language plpgsql as $$
begin
  perform pg_temp.must(bool_and(not_before is null or not_before <= observed_at), what) from account_history;
  perform pg_temp.must(count(*) = 0, what) from verify_history('orga_1');
end $$;
update organization set last_swept_at = '2200-01-01';
\set revision 2
\set outcome unchanged
\set started '2026-01-01 00:01'
select '[["b", "0a", "0b", {"id": "b"}]]' as batch \gset
\ir sweep.psql
select pg_temp.must(not_before = '2200-01-01', 'not before the last complete sweep') from account_history where account_id = 'b';
call pg_temp.holds('an addition');
update account_digest set seen_at = '2300-01-01' where account_id = 'a';
\set revision 3
\set outcome unchanged
\set started '2026-01-01 00:02'
select '[["a", "0e", "0f", {"id": "a", "n": 3}]]' as batch \gset
\ir sweep.psql
call pg_temp.holds('a change');
update account_digest set seen_at = '2400-01-01' where account_id = 'b';
\set revision 4
\set outcome unchanged
\set gone '{b}'
\set started '2026-01-01 00:03'
\set batch '[]'
\ir sweep.psql
select pg_temp.must(:removed = 1, 'removed');
call pg_temp.holds('a removal');
