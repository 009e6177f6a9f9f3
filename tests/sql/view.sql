-- The reports: outages, days and versions of a history told here by hand, and what must hold of any history.
\ir record.psql
create function pg_temp.said(type text, send text, receive text default 'ok', calendar text default null, problem text default null) returns jsonb
language sql return jsonb_build_object('_type', type, 'id', 'x', 'email', 'a@b.c', 'user_id', 'user_1', 'send_status', send,
  'receive_status', receive, 'email_receive_status', receive, 'calendar_receive_status', calendar, 'latest_send_error', problem);
create function pg_temp.noon(day integer) returns timestamptz language sql return timestamptz '2026-03-01 12:00Z' + (day - 1) * interval '1 day';
create function pg_temp.before(day integer) returns timestamptz language sql return pg_temp.noon(day) - interval '1 hour';
select pg_temp.record('o', account, pg_temp.noon(day), said, since) from (values
  (1, 'born broken', pg_temp.said('google', 'error', 'ok', null, 'first'), null::timestamptz),
  (1, 'well', pg_temp.said('google', 'ok'), null),
  (1, 'odd', pg_temp.said('zoom', 'initial', null), null),
  (2, 'born broken', pg_temp.said('google', 'error', 'ok', null, 'second'), pg_temp.before(2)),
  (3, 'born broken', pg_temp.said('google', 'ok'), pg_temp.before(3)),
  (3, 'late', pg_temp.said('custom_email', 'error', 'error'), pg_temp.before(3)),
  (4, 'well', pg_temp.said('google', 'ok', 'ok', 'error'), pg_temp.before(4)),
  (5, 'late', null, pg_temp.before(5)),
  (6, 'well', pg_temp.said('microsoft', 'ok', 'ok', 'error'), pg_temp.before(6)),
  (7, 'late', pg_temp.said('custom_email', 'ok'), pg_temp.before(7))) as step (day, account, said, since) order by day, account;
update organization set last_swept_at = pg_temp.noon(9);

create temp table outage as
select * from (values
  ('born broken', 'send', null, pg_temp.noon(1), pg_temp.before(3), pg_temp.noon(3), false, 'recovered', 2 * 86400),
  ('late', 'send', pg_temp.before(3), pg_temp.noon(3), pg_temp.before(5), pg_temp.noon(5), false, 'removed', 2 * 86400),
  ('late', 'receive', pg_temp.before(3), pg_temp.noon(3), pg_temp.before(5), pg_temp.noon(5), false, 'removed', 2 * 86400),
  ('well', 'receive', pg_temp.before(4), pg_temp.noon(4), null, null, true, null, 5 * 86400)) as v;
create function pg_temp.outages_differ() returns bigint language sql as $$
  select count(*) from (
    (select account_id, direction, began_after, began_at, ended_after, ended_at, is_open, ended_by, seconds from account_outage except table outage)
    union all
    (table outage except select account_id, direction, began_after, began_at, ended_after, ended_at, is_open, ended_by, seconds from account_outage)) as d $$;
select pg_temp.must(pg_temp.outages_differ() = 0, 'outages');
delete from outage where column1 = 'well';
select pg_temp.must(pg_temp.outages_differ() = 1, 'the comparison can fail');
update organization set last_swept_at = pg_temp.noon(2);
select pg_temp.must((select seconds = 0 from account_outage where is_open), 'never below 0');
update organization set last_swept_at = pg_temp.noon(9);

select pg_temp.must((select array_agg((day, accounts, send_broken, receive_broken, added, changed, removed)::text order by day) from organization_day where type = 'custom_email')
  = array['(2026-03-03,1,1,1,1,0,0)', '(2026-03-04,1,1,1,0,0,0)', '(2026-03-05,0,0,0,0,0,1)', '(2026-03-06,0,0,0,0,0,0)', '(2026-03-07,1,0,0,1,0,0)',
    '(2026-03-08,1,0,0,0,0,0)', '(2026-03-09,1,0,0,0,0,0)'], 'days of a type');
select pg_temp.must((select array_agg((day, type, accounts, changed)::text order by day, type) from organization_day where day between '2026-03-05' and '2026-03-06' and type in ('google', 'microsoft'))
  = array['(2026-03-05,google,2,0)', '(2026-03-06,google,1,0)', '(2026-03-06,microsoft,1,1)'], 'a change of type');
select pg_temp.must((select array_agg((version, valid_from, valid_to, is_current)::text order by version) from account_version where account_id = 'late')
  = array[(1, pg_temp.noon(3), pg_temp.noon(5), false)::text, (3, pg_temp.noon(7), null::timestamptz, true)::text], 'no version while removed');
-- Rescoped: a version that lasts no time where Close changed something else too; no change of a day.
select pg_temp.record('o', 'odd', pg_temp.noon(8), pg_temp.said('zoom', 'initial', null) - 'email', pg_temp.before(8), true);
select pg_temp.record('o', 'odd', pg_temp.noon(8), pg_temp.said('zoom', 'ok', null) - 'email', pg_temp.before(8));
select pg_temp.must((select valid_from = valid_to and not is_current from account_version where account_id = 'odd' and version = 2), 'rescoped');
select pg_temp.must((select changed = 1 and added = 0 from organization_day where type = 'zoom' and day = '2026-03-08'), 'rescoped is no change');

-- A history at random, and what must hold of any.
select setseed(0.4711);
do $$
declare
  at timestamptz := '2026-04-01 00:00:10Z';
  account text; said jsonb; alive boolean;
begin
  for i in 1 .. 600 loop
    at := at + random() * interval '9 hours';
    account := 'r' || floor(random() * 9);
    select change <> 'removed' into alive from account_history where organization_id = 'p' and account_id = account order by version desc limit 1;
    said := case when alive and random() < 0.2 then null
      else pg_temp.said((array['google', 'zoom', 'microsoft'])[1 + floor(random() * 1.3)], (array['ok', 'error', 'initial', null])[1 + floor(random() * 4)],
        (array['ok', 'error'])[1 + floor(random() * 2)], (array['ok', 'error', null])[1 + floor(random() * 3)], floor(random() * 100)::text) end;
    perform pg_temp.record('p', account, at, said, case when i > 3 then at - interval '1 minute' end);
  end loop;
  update organization set last_swept_at = at + interval '50 hours' where organization_id = 'p';
end $$;
\set reports `cat tests/support/reports.sql`
select pg_temp.must(count(*) = 0, 'for any history: ' || min(problem)) from (:reports) as report;
select pg_temp.must((select max(day) from organization_day where organization_id = 'p') = (select (last_swept_at at time zone 'UTC')::date from organization where organization_id = 'p'), 'to the last sweep''s day');

-- After a prune: from the first time the history answers for.
select pg_temp.must((select count(*) from prune_history(now() - timestamptz '2026-04-20', 'p')) = 1, 'pruned');
select pg_temp.must(count(*) = 0, 'for any history: ' || min(problem)) from (:reports) as report;
select pg_temp.must((select min(day) from organization_day where organization_id = 'p') = (select (answers_from at time zone 'UTC')::date from organization_status where organization_id = 'p'), 'from answers_from');
select pg_temp.must((select bool_and(began_after is null) from account_outage join account_history using (organization_id, account_id)
  where organization_id = 'p' and account_history.observed_at = began_at and account_history.seq <= (select max(seq) from history_anchor)), 'nobody knows when it began');
