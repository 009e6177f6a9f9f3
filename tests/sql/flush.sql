-- What many organizations owe, in one statement: each as if it were alone, and those whose row is not free are left out.
\ir prepare.psql
select setseed(0.15);
insert into organization (organization_id, name, revision, last_outcome, last_swept_at, listed_at, outcome_at)
select 'orga_' || n, 'org' || n, n, 'unchanged', '2026-01-01 12:00', '2026-01-01 12:00', '2026-01-01 12:00'
from generate_series(1, 600) as n;

-- One or two spans each, and sweeps that begin before, within, right after or long after the last of them.
insert into coverage (organization_id, from_at, until_at, sweeps, longest_gap, pending_gap, first_ended_at)
select organization_id, '2026-01-01 12:00'::timestamptz - span * interval '1 h', '2026-01-01 12:00'::timestamptz - span * interval '1 h' + interval '20 min',
  20, random() * interval '3 min', random() * interval '1 min', '2026-01-01 12:00:01'::timestamptz - span * interval '1 h'
from organization
cross join generate_series(1, 1 + (revision % 2)::integer) as span;
create temp table due as
select organization_id, name, from_at, from_at + interval '2 s' as first_ended_at,
  case when sweeps = 1 then from_at else from_at + sweeps * interval '1 min' end as until_at,
  sweeps, longest_gap, pending_gap
from (
  select organization_id, name,
    '2026-01-01 11:20'::timestamptz + (revision % 3 * 5 - 4 + random()) * interval '1 min' as from_at,
    1 + (random() * 3)::bigint as sweeps,
    case when random() < 0.5 then random() * interval '2 min' end as longest_gap,
    case when random() < 0.5 then random() * interval '2 min' end as pending_gap
  from organization
) as drawn;
update due
set from_at = null, first_ended_at = null, until_at = null, sweeps = null, longest_gap = null, pending_gap = null
where organization_id like '%00';

-- What extend_coverage() makes of each alone, and then back.
begin;
select extend_coverage(organization_id, '3 min', from_at, first_ended_at, until_at, sweeps, longest_gap, pending_gap) from due;
select json_agg(coverage order by organization_id, from_at) as alone from coverage \gset
rollback;

select array_agg(organization_id) as ids, array_agg(revision || ':' || revision_id) as revisions,
  array_fill('unchanged'::text, array[count(*)::integer]) as outcomes, array_fill(null::text, array[count(*)::integer]) as errors,
  array_fill(1, array[count(*)::integer]) as attempts, array_fill('3 min'::interval, array[count(*)::integer]) as gaps,
  array_agg(from_at) as from_at, array_agg(first_ended_at) as ended, array_agg(until_at) as until, array_agg(sweeps) as sweeps,
  array_agg(longest_gap) as longest, array_agg(pending_gap) as pending, array_agg(coalesce(until_at, '2026-01-01 12:30')) as newest
from due
join organization using (organization_id, name) \gset
begin;
execute hold_free (:'ids', null) \gset
select pg_temp.must(:'free'::boolean[] = array_fill(true, array[600]) and :'busy'::boolean[] = array_fill(false, array[600]), 'all are free');
execute flush_many (:'ids', :'outcomes', :'errors', :'attempts', :'until', :'gaps', :'from_at', :'ended', :'until', :'sweeps', :'longest', :'pending', :'newest', :'revisions') \g /dev/null
commit;
select pg_temp.must(:'alone' = json_agg(coverage order by organization_id, from_at)::text, 'each is as if it were alone') from coverage;
select pg_temp.must(count(distinct sweeps) > 3 and count(distinct organization_id) = 600 and count(*) > 1000, 'the draw has all of it') from coverage;
select pg_temp.must(count(*) = 6, 'some had an outcome to tell alone') from organization where outcome_at = '2026-01-01 12:30';
select pg_temp.must(count(*) = 600, 'and all are as of their sweeps') from organization join due using (organization_id)
where organization.last_swept_at = greatest('2026-01-01 12:00', due.until_at);

-- Only those that are wanted, and bound, are free; the rest stays as it is. None is busy.
update organization set last_swept_at = '2026-01-01 12:00';
begin;
execute hold_free ('{orga_1,orga_2,orga_no,orga_3}', '{t,f,t,t}') \gset
select pg_temp.must(:'free' = '{t,f,f,t}' and :'busy' = '{f,f,f,f}', format('%s %s', :'free', :'busy'));
select array_agg(revision || ':' || revision_id order by revision) as revisions from organization where revision <= 3 \gset
execute flush_many ('{orga_1,orga_2,orga_3}', '{unchanged,unchanged,unchanged}', '{null,null,null}', '{1,1,1}', '{2026-01-02,2026-01-02,2026-01-02}', '{3 min,3 min,3 min}', '{2026-01-02,2026-01-02,2026-01-02}', '{2026-01-02,2026-01-02,2026-01-02}', '{2026-01-02,2026-01-02,2026-01-02}', '{1,1,1}', '{null,null,null}', '{null,null,null}', '{2026-01-02,2026-01-02,2026-01-02}', :'revisions') \g /dev/null
commit;
select pg_temp.must(array_agg(organization_id) = '{orga_1}', format('written: %s', array_agg(organization_id))) from organization where last_swept_at = '2026-01-02';
select pg_temp.must(current_setting('closesyncd.free') = '', 'until the transaction ends');

-- Attempts of a failure, and the word of each for itself.
insert into sweep (organization_id, sweep_id, started_at, finished_at, outcome, accounts, added, changed, removed, rejected, repaired, requests, received_bytes, attempts, error)
select organization_id, 1, '2026-01-03', '2026-01-03', 'failed', 0, 0, 0, 0, 0, 0, 1, 0, 1, 'no' from organization where revision <= 3;
update organization set last_outcome = 'failed', last_error = 'no', outcome_at = '2026-01-03', consecutive_failures = 1 where revision <= 3;
execute flush_many ('{orga_1,orga_2,orga_3}', '{failed,failed,unchanged}', '{no,another,null}', '{2,3,4}', '{null,null,null}', '{3 min,3 min,3 min}', '{null,null,null}', '{null,null,null}', '{null,null,null}', '{null,null,null}', '{null,null,null}', '{null,null,null}', '{2026-01-04,2026-01-04,2026-01-04}', :'revisions') \g /dev/null
select pg_temp.must(array_agg(attempts order by organization_id) = '{3,1,1}', format('attempts %s', array_agg(attempts order by organization_id))) from sweep;
select pg_temp.must(array_agg(format('%s %s', consecutive_failures, coalesce(last_error, '-')) order by revision) = '{3 no,4 another,0 -}', format('%s', array_agg(format('%s %s', consecutive_failures, coalesce(last_error, '-')) order by revision)))
from organization where revision <= 3;
