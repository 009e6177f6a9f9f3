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

-- Where a side was erased, that something changed is told still: the fields the history names; of another stay, that it is another.
select pg_temp.record('e', account, at, said) from (values
  ('changed', timestamptz '2026-01-01', :'doc'::jsonb), ('changed', '2026-01-02', '{"id": "a", "_type": "google", "email": "b@x"}'), ('changed', '2026-01-03', null)) as v (account, at, said);
select pg_temp.record('e', account, at, said) from (values
  ('back', timestamptz '2026-01-03', :'doc'::jsonb), ('back', '2026-01-04', '{"id": "a", "_type": "google", "email": "b@x"}'), ('back', '2026-01-05', null)) as v (account, at, said);
select pg_temp.record('e', 'same', '2026-01-05', :'doc');
select pg_temp.record('e', 'same', '2026-01-06', null);
select pg_temp.must(sum(documents) = 5, 'erased') from (values ('changed'), ('back'), ('same')) as v (account), erase_history(null, account, null, null);
select pg_temp.record('e', 'back', '2026-01-07', '{"id": "a", "_type": "google", "email": "c@x"}');
create function pg_temp.told(from_at timestamptz, until_at timestamptz) returns text language sql
  return (select string_agg(format('%s %s %s|%s|%s', account_id, change, field, old_value, new_value), ', ' order by account_id) from account_difference(from_at, until_at) where organization_id = 'e');
select pg_temp.must(pg_temp.told('2026-01-01', '2026-01-02') = 'changed changed email||', 'the field: ' || pg_temp.told('2026-01-01', '2026-01-02'));
select pg_temp.must(pg_temp.told('2026-01-01', '2026-01-01 12:00') is null and pg_temp.told('2026-01-05 01:00', '2026-01-05 02:00') is null, 'nothing between');
select pg_temp.must(pg_temp.told('2026-01-03 12:00', '2026-01-07') = 'back changed |{"id": "a", "_type": "google"}|{"id": "a", "_type": "google", "email": "c@x"}',
  'another stay: ' || pg_temp.told('2026-01-03 12:00', '2026-01-07'));
select pg_temp.must(pg_temp.told('2026-01-02 12:00', '2026-01-03') = 'back added ||{"id": "a", "_type": "google"}, changed removed |{"id": "a", "_type": "google"}|', 'added and removed');
