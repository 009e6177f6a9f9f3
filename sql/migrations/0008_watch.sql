-- What coverage can say about a time: when nobody was watching, and how long a state could have lasted unseen.

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

-- Spans that touch are one: what a process wrote down late reaches to the first sweep of the span after it.
create function was_watching(organization_id text, from_ts timestamptz, until_ts timestamptz) returns boolean
  language sql stable parallel safe
begin atomic
  select from_ts <= until_ts
  and exists (
    select
    from coverage as span
    where span.organization_id = was_watching.organization_id
    and span.from_at <= from_ts
    and span.until_at >= from_ts)
  and not exists (select from coverage_gap(was_watching.organization_id, from_ts, until_ts));
end;
comment on function was_watching(text, timestamptz, timestamptz) is 'Whether coverage reaches over all of a time: then a state unseen lasted at most unseen_at_most';

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
  ) as stretch
  where from_ts <= until_ts;
end;
comment on function unseen_at_most(text, timestamptz, timestamptz) is 'The longest a state could have lasted within a time and gone unseen; NULL: without bound, or a time that ends before it begins';
