-- account_difference asks about one organization alone when told to.
\ir record.psql
\set doc '{"_type": "google", "id": "a", "email": "a@x"}'
select pg_temp.record('pruned', 'a', timestamptz '2026-01-01' + n * interval '1 day', :'doc'::jsonb || jsonb_build_object('n', n)) from generate_series(0, 9) as n;
select pg_temp.record('o', 'a', timestamptz '2026-01-09' + n * interval '1 day', :'doc'::jsonb || jsonb_build_object('n', n)) from generate_series(0, 2) as n;
begin;
select pg_temp.must(array_agg(pruned_from) = '{pruned}', 'one of the two') from prune_history(clock_timestamp() - '2026-01-08');
select pg_temp.must(array_agg(change) = '{added}', 'of the one that answers') from account_difference('2026-01-01', '2026-01-10') where organization_id = 'o';
select pg_temp.must(array_agg(change) = '{added}', 'of its account') from account_difference('2026-01-01', '2026-01-10') where organization_id = 'o' and account_id = 'a';
select pg_temp.must(pg_temp.refused(statement, 'CS005'), statement) from (values
  ($$select * from account_difference('2026-01-01', '2026-01-10') where organization_id = 'pruned'$$), ($$select * from account_difference('2026-01-01', '2026-01-10')$$)) as asked (statement);
rollback;
