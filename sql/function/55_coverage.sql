-- Coverage: how it grows, and what it can say about a time: when nobody was watching, and how long a state could have lasted unseen.

-- Before this span nothing is written any more, so it is the one that heads pin. Before a younger one there may be: another process
-- writes down late what it saw before that span began.
create or replace function settled_span(organization_id text) returns timestamptz
  language sql stable parallel safe
begin atomic
  select span.from_at
  from coverage as span
  where span.organization_id = settled_span.organization_id
  and (
    span.until_at - span.from_at >= interval '10 minutes'
    or not exists (
      select
      from coverage as older
      where older.organization_id = span.organization_id
      and older.from_at < span.from_at))
  order by span.from_at desc
  limit 1;
end;
comment on function settled_span(text) is 'from_at of the newest span of coverage that reaches over ten minutes, or of the first one: what came before it is written';

-- Complete sweeps follow the last one, or begin a new span when they are further away than gap. first_ended_at: end of the first
-- one's listing. until_at: the last one's start. longest_gap, pending_gap: of the distances among them. Sweeps that are written down
-- after later ones of another process go where they belong, unless that is settled: up to the first sweep of the span after them,
-- which that span counts. Sweeps within a span (the clock stepped back) only tell what could hide (pending_gap NULL: the way back).
-- Whatever is written twice is once.
create or replace function extend_coverage(
    organization_id text, gap interval, from_at timestamptz, first_ended_at timestamptz, until_at timestamptz,
    sweeps bigint, longest_gap interval, pending_gap interval)
  returns table (span_from timestamptz, span_until timestamptz)
  language plpgsql volatile
  set search_path from current
as $$
#variable_conflict use_column
declare
  span coverage; -- the one they follow, or are in
  after coverage; -- the one that follows them
begin
  perform
  from organization
  where organization.organization_id = extend_coverage.organization_id
  for no key update; -- one process at a time
  select * into span
  from coverage
  where coverage.organization_id = extend_coverage.organization_id
  and coverage.from_at <= extend_coverage.until_at
  order by coverage.from_at desc
  limit 1;
  select * into after
  from coverage
  where coverage.organization_id = extend_coverage.organization_id
  and coverage.from_at > extend_coverage.until_at
  order by coverage.from_at
  limit 1;
  if after.from_at is not null then
    update coverage -- a distance over gap: the clock stepped back behind the newest span
    set pending_gap = greatest(extend_coverage.longest_gap, extend_coverage.pending_gap)
    where coverage.organization_id = extend_coverage.organization_id
    and coverage.from_at = (
      select max(newest.from_at)
      from coverage as newest
      where newest.organization_id = extend_coverage.organization_id)
    and greatest(extend_coverage.longest_gap, extend_coverage.pending_gap) > greatest(gap, longest_gap, pending_gap);
    if after.from_at <= settled_span(extend_coverage.organization_id) then
      return;
    end if;
  end if;
  if extend_coverage.from_at - span.until_at > gap or span.from_at is null then
    return query insert into coverage (organization_id, from_at, until_at, sweeps, longest_gap, pending_gap, first_ended_at)
    select extend_coverage.organization_id, extend_coverage.from_at, extend_coverage.until_at, extend_coverage.sweeps,
      coalesce(extend_coverage.longest_gap, '0'), coalesce(extend_coverage.pending_gap, '0'), extend_coverage.first_ended_at
    where extend_coverage.from_at is not null
    returning coverage.from_at, coverage.until_at;
  elsif extend_coverage.until_at > span.until_at then
    return query update coverage
    set until_at = extend_coverage.until_at,
      sweeps = span.sweeps + extend_coverage.sweeps,
      longest_gap = greatest(
        span.longest_gap, span.pending_gap, extend_coverage.longest_gap, extend_coverage.from_at - span.until_at,
        case when extend_coverage.sweeps > 1 then extend_coverage.first_ended_at - span.until_at end),
      pending_gap = case when extend_coverage.sweeps > 1 then coalesce(extend_coverage.pending_gap, '0')
        else greatest(extend_coverage.pending_gap, extend_coverage.first_ended_at - span.until_at) end
    where coverage.organization_id = span.organization_id
    and coverage.from_at = span.from_at
    returning coverage.from_at, coverage.until_at;
  elsif extend_coverage.until_at < span.until_at then
    return query update coverage
    set pending_gap = hidden
    from (
      select greatest(
        extend_coverage.longest_gap, coalesce(extend_coverage.pending_gap, span.until_at - extend_coverage.from_at)) as hidden
    ) as told
    where coverage.organization_id = span.organization_id
    and coverage.from_at = span.from_at
    and hidden > greatest(span.longest_gap, span.pending_gap)
    returning coverage.from_at, coverage.until_at;
  end if;
  if after.from_at - extend_coverage.until_at <= gap then
    update coverage
    set until_at = after.from_at,
      longest_gap = greatest(longest_gap, pending_gap, after.from_at - until_at),
      pending_gap = coalesce(after.first_ended_at, after.from_at) - until_at
    where coverage.organization_id = extend_coverage.organization_id
    and coverage.from_at = case when extend_coverage.from_at - span.until_at <= gap then span.from_at else extend_coverage.from_at end
    and until_at < after.from_at;
  end if;
end
$$;
comment on function extend_coverage(text, interval, timestamptz, timestamptz, timestamptz, bigint, interval, interval)
  is 'Adds complete sweeps to the coverage of an organization; does nothing when from_at is NULL';

-- Spans without their neighbours before, in the order of time, and what follows the last one.
create or replace function coverage_gap(organization_id text, from_ts timestamptz, until_ts timestamptz)
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
create or replace function was_watching(organization_id text, from_ts timestamptz, until_ts timestamptz) returns boolean
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
create or replace function unseen_at_most(organization_id text, from_ts timestamptz, until_ts timestamptz) returns interval
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

-- The spans of coverage before one; before a settled one they never change again.
create or replace function coverage_digest(organization_id text, before timestamptz) returns text
  language sql stable parallel safe
begin atomic
  select encode(sha256(convert_to(coalesce(jsonb_agg(jsonb_build_array(
    utc_text(from_at), utc_text(until_at),
    sweeps, extract(epoch from longest_gap), extract(epoch from pending_gap),
    utc_text(first_ended_at)) order by from_at), '[]')::text, 'UTF8')), 'hex')
  from coverage
  where coverage.organization_id = coverage_digest.organization_id
  and from_at < before;
end;
comment on function coverage_digest(text, timestamptz) is 'Hex SHA-256 of the spans of coverage that began before a time';
