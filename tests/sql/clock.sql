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
