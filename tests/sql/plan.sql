-- What makes reports fast: of an account, a time or a field no more is read, and no more is worked out, than what is asked for. With the
-- planner as it is, on whatever version of PostgreSQL runs this.
\ir record.psql
insert into organization (organization_id, name, last_swept_at) values ('many', 'many', '2026-03-01'), ('few', 'few', '2026-03-01');
select pg_temp.record('many', 'm' || n % 100, timestamptz '2026-01-01' + n * interval '20 minutes',
  jsonb_build_object('_type', 'google', 'id', 'm' || n % 100, 'send_status', case when n / 100 % 2 = 0 then 'ok' else 'error' end, 'filler', repeat('x', 500))
    || case when n % 500 > 450 then jsonb_build_object('smtp', jsonb_build_object('port', n)) else '{}' end,
  case when n > 100 then timestamptz '2026-01-01' + (n - 1) * interval '20 minutes' end)
from generate_series(1, 2500) as n;
select pg_temp.record('few', 'f' || n, timestamptz '2026-01-01' + n * interval '1 hour', jsonb_build_object('_type', 'zoom', 'id', 'f' || n)) from generate_series(1, 50) as n;
vacuum (analyze) account_history;
analyze organization;
create function pg_temp.plan(statement text) returns text language plpgsql as $$
declare line text; plan text := '';
begin
  for line in execute 'explain (analyze, costs off, timing off, summary off) ' || statement loop plan := plan || line || E'\n'; end loop;
  return plan;
end $$;
create function pg_temp.reads_no_table(statement text) returns boolean language sql as $$
  select pg_temp.must(plan !~ 'Seq Scan on account_history', statement || E'\n' || plan) from pg_temp.plan(statement) as plan $$;
-- One account: its outages, its changes, its versions.
select pg_temp.reads_no_table(format('select * from %s where organization_id = ''many'' and account_id = ''m7''', name))
from unnest('{account_outage,account_change,account_version}'::text[]) as name;
-- A week, and a field of a week.
select pg_temp.reads_no_table($$select * from account_change where organization_id = 'many' and observed_at >= '2026-01-10' and observed_at < '2026-01-11'$$);
select pg_temp.reads_no_table($$select * from account_change where organization_id = 'many' and observed_at >= '2026-01-10' and observed_at < '2026-01-11' and field = 'send_status'$$);
select pg_temp.must(count(*) > 50, 'a week has changes') from account_change where organization_id = 'many' and observed_at >= '2026-01-10' and observed_at < '2026-01-17';
-- A field: of a plain one no document is compared with another; of a part of an object none but those in which that object changed.
select pg_temp.must(count(*) > 2000, 'a field has changes') from account_change where field = 'send_status';
create function pg_temp.compared(statement text) returns bigint language plpgsql as $$
begin
  perform set_config('track_functions', 'all', true);
  execute statement;
  return coalesce(pg_stat_get_xact_function_calls('document_leaves(jsonb, jsonb, text)'::regprocedure), 0);
end $$;
select pg_temp.must(pg_temp.compared($$select count(new_value) from account_change where organization_id = 'few' and field = 'send_status'$$) = 0, 'no document of a plain field');
create temp table few_documents as select count(*) from account_history where organization_id = 'many' and not changed_fields <@ plain_fields();
select pg_temp.must(calls between 1 and count, format('%s of %s', calls, count))
from few_documents
cross join pg_temp.compared($$select count(new_value) from account_change where organization_id = 'many' and field = 'smtp.port'$$) as calls;
select pg_temp.must(max(coalesce(loops[1], '0')::integer) <= (select count from few_documents), min(plan))
from pg_temp.plan($$select * from account_change where organization_id = 'many' and field = 'email'$$) as plan
cross join regexp_matches(plan, 'account_history earlier\w* \((?:actual rows=[0-9.]+ loops=(\d+)|never executed)\)', 'g') as loops;
