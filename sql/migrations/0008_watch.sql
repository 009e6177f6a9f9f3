-- What coverage can say about a time: when nobody was watching, and how long a state could have lasted unseen.

-- Between two spans a state can hide until the end of the next span's first listing, so that end is kept from now on.
alter table coverage add column first_ended_at timestamptz;
comment on column coverage.first_ended_at is 'End of the listing of the first sweep of the span; NULL in a span written before this column';

create or replace function extend_coverage(
    organization_id text, gap interval, from_at timestamptz, first_ended_at timestamptz, until_at timestamptz,
    sweeps bigint, longest_gap interval, pending_gap interval)
  returns table (span_from timestamptz, span_until timestamptz)
  language plpgsql volatile
  set search_path from current
as $$
#variable_conflict use_column
begin
  return query with span as (
    select last.*
    from (
      select * from coverage
      where coverage.organization_id = extend_coverage.organization_id
      order by coverage.from_at desc
      limit 1
    ) as last
    where extend_coverage.from_at - last.until_at <= gap
  ), extended as (
    update coverage
    set until_at = greatest(span.until_at, extend_coverage.until_at),
      sweeps = span.sweeps + extend_coverage.sweeps,
      longest_gap = greatest(
        span.longest_gap, span.pending_gap, extend_coverage.longest_gap, extend_coverage.from_at - span.until_at,
        case when extend_coverage.sweeps > 1 then extend_coverage.first_ended_at - span.until_at end),
      pending_gap = case when extend_coverage.sweeps > 1 then coalesce(extend_coverage.pending_gap, '0')
        else extend_coverage.first_ended_at - span.until_at end
    from span
    where coverage.organization_id = span.organization_id
    and coverage.from_at = span.from_at
    and span.until_at < extend_coverage.until_at
    returning coverage.from_at, coverage.until_at
  ), begun as (
    insert into coverage (organization_id, from_at, until_at, sweeps, longest_gap, pending_gap, first_ended_at)
    select extend_coverage.organization_id, extend_coverage.from_at, extend_coverage.until_at, extend_coverage.sweeps,
      coalesce(extend_coverage.longest_gap, '0'), coalesce(extend_coverage.pending_gap, '0'), extend_coverage.first_ended_at
    where extend_coverage.from_at is not null
    and not exists (select from span)
    returning coverage.from_at, coverage.until_at
  )
  select * from extended
  union all
  select * from begun;
end
$$;

-- Spans without their neighbours before, in the order of time, and what follows the last one.
create function coverage_gap(organization_id text, from_ts timestamptz, until_ts timestamptz)
  returns table (from_at timestamptz, until_at timestamptz)
  language sql stable parallel safe
begin atomic
  select greatest(gap_from, from_ts), least(gap_until, until_ts)
  from (
    select coalesce(lag(span.until_at) over (order by span.from_at), '-infinity') as gap_from, span.from_at as gap_until
    from coverage as span
    where span.organization_id = coverage_gap.organization_id
    union all
    select coalesce(max(span.until_at), '-infinity'), 'infinity'
    from coverage as span
    where span.organization_id = coverage_gap.organization_id
  ) as gap
  where greatest(gap_from, from_ts) < least(gap_until, until_ts)
  order by 1;
end;
comment on function coverage_gap(text, timestamptz, timestamptz) is 'The spans within a time in which nobody was watching an organization';

create function was_watching(organization_id text, from_ts timestamptz, until_ts timestamptz) returns boolean
  language sql stable parallel safe
begin atomic
  select exists (
    select
    from coverage as span
    where span.organization_id = was_watching.organization_id
    and span.from_at <= from_ts
    and span.until_at >= until_ts
    and from_ts <= until_ts);
end;
comment on function was_watching(text, timestamptz, timestamptz) is 'Whether one span of coverage reaches over all of a time: then a state unseen lasted at most unseen_at_most';

-- The longest of: the distances within the spans that meet the time, and the stretches between them, each as far as it lies in it.
create function unseen_at_most(organization_id text, from_ts timestamptz, until_ts timestamptz) returns interval
  language sql stable parallel safe
begin atomic
  select case when bool_and(isfinite(gap_from) and isfinite(gap_until))
    then max(least(unseen, case when isfinite(from_ts) and isfinite(until_ts) then until_ts - from_ts end)) end
  from (
    select
      greatest(span.longest_gap, span.pending_gap) as unseen, span.from_at as gap_from, span.until_at as gap_until
    from coverage as span
    where span.organization_id = unseen_at_most.organization_id
    and span.from_at <= until_ts
    and span.until_at >= from_ts
    union all
    select
      case when isfinite(greatest(gap_from, from_ts)) and isfinite(least(gap_until, until_ts))
        then least(gap_until, until_ts) - greatest(gap_from, from_ts) end,
      greatest(gap_from, from_ts), least(gap_until, until_ts)
    from (
      select
        coalesce(lag(span.until_at) over (order by span.from_at), '-infinity') as gap_from,
        coalesce(span.first_ended_at, span.from_at) as gap_until
      from coverage as span
      where span.organization_id = unseen_at_most.organization_id
      union all
      select coalesce(max(span.until_at), '-infinity'), 'infinity'
      from coverage as span
      where span.organization_id = unseen_at_most.organization_id
    ) as gap
    where greatest(gap_from, from_ts) <= least(gap_until, until_ts)
  ) as stretch;
end;
comment on function unseen_at_most(text, timestamptz, timestamptz) is 'The longest a state could have lasted within a time and gone unseen; NULL: without bound';
