-- What the steps of a sweep need beyond plain statements: a way to stop the pipeline, and the one home of coverage.

-- A pipeline cannot branch, so a condition that must stop it raises. Use inside CASE.
create function refuse(state text, reason text) returns boolean
  language plpgsql
  set search_path from current
as $$
begin
  raise exception using errcode = state, message = reason;
end
$$;
comment on function refuse(text, text) is 'Raises: CS001 the mirror moved on, CS002 the name is taken, CS003 not bound';

-- Before this span nothing is written any more, so it is the one that heads pin. Before a younger one there may be: another process
-- writes down late what it saw before that span began.
create function settled_span(organization_id text) returns timestamptz
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
create function extend_coverage(
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

-- Two rows of account as jsonb: the document's top-level names they differ in (bookkeeping columns count as names).
create function account_difference_fields(have jsonb, want jsonb) returns text[]
  language sql immutable parallel safe
begin atomic
  select coalesce(array_agg(distinct case
    when is_column and name = 'type' then '_type'
    when is_column and name like 'default_identity_%' then 'default_identity'
    else coalesce(
      substring(name from '^(smtp|imap|default_identity)[.]'),
      substring(name from '^(identities|(?:synced|available)_calendars|(?:available|enabled)_features)\[\]'),
      substring(name from '^"(.*)"$'),
      name)
    end), '{}')
  from (
    select true, * from jsonb_each(have - 'other')
    union all
    select false, * from jsonb_each(json_map(have -> 'other'))
    union all
    select false, 'other', to_jsonb(jsonb_typeof(have -> 'other')) where jsonb_typeof(have -> 'other') <> 'object' -- damage
  ) as had (is_column, name, value)
  full join (
    select true, * from jsonb_each(want - 'other')
    union all
    select false, * from jsonb_each(json_map(want -> 'other'))
  ) as wanted (is_column, name, value) using (is_column, name, value)
  where had.value is null or wanted.value is null;
end;
comment on function account_difference_fields(jsonb, jsonb) is 'The top-level names of a document in which two rows of account differ';

-- Asks the running daemon to sweep one organization, or with NULL all of them, at once; it hears at commit. Several requests within
-- five seconds are one sweep.
create function request_sync(name text default null) returns void
  language plpgsql
  set search_path from current
as $$
begin
  if request_sync.name is not null
    and not exists (select from organization where organization.name = request_sync.name) then
    raise exception 'no organization is called "%"', request_sync.name
      using errcode = 'no_data_found', hint = 'select name from organization';
  end if;
  perform pg_notify('closesyncd', current_schema || '/' || coalesce(request_sync.name, ''));
end
$$;
comment on function request_sync(text) is 'Makes the running daemon sweep this organization (by NAME; NULL: all) at once';
