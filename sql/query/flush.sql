-- Writes down sweeps that found nothing to write: coverage and the organization's account of itself, the attempts of a sweep
-- that ends like the one before, and that what was rejected or drifted is still there. Of one organization or of many: the arrays have an
-- element for each. Touches no account and no index. Behind query/hold, or behind query/hold_free, of whose organizations it writes only those
-- that were free; no lock is asked for. The sweeps compared Close with the mirror of seen_revision. They are true of the mirror as it is while that is its
-- revision; of its past when the revision came after that one and after all of them (a later sweep, by another process). Else nothing is
-- known of them: the revision was lost (a fail-over, a restore), or another process listed while they thought that they had the lock.
-- An outcome that is newer stays as it is (outcome_at in the future is none: the clock stepped back).
--
-- $1 organization_id text, $2 outcome text, $3 error text, $4 attempts integer, $5 listing_at timestamptz (of the newest listing), $6 gap interval,
-- coverage to add or NULLs: $7 from_at, $8 first_ended_at, $9 until_at timestamptz, $10 sweeps bigint, $11 longest_gap, $12 pending_gap interval;
-- $13 newest_at timestamptz: started_at of the newest of the sweeps; $14 seen_revision text (number:id)
-- -> is_current boolean (the revision is still that one), last_swept_at timestamptz, revision bigint; no row: nothing is known of them
with due as materialized (
  select *
  from unnest(
    $1::text[], $2::text[], $3::text[], $4::integer[], $5::timestamptz[], $6::interval[], $7::timestamptz[], $8::timestamptz[],
    $9::timestamptz[], $10::bigint[], $11::interval[], $12::interval[], $13::timestamptz[], $14::text[]
  ) with ordinality as due (
    organization_id, outcome, error, attempts, listing_at, gap, from_at, first_ended_at, until_at, sweeps, longest_gap, pending_gap,
    newest_at, seen_revision, place)
  where coalesce((select nullif(current_setting('closesyncd.free', true), '')::boolean[])[place], true)
), owed as materialized (
  select
    due.*,
    organization.last_swept_at, organization.listed_at, organization.consecutive_failures, organization.last_outcome,
    organization.last_error, organization.outcome_at,
    is_current,
    span.from_at as span_from,
    coalesce(due.until_at > span.until_at and due.from_at - span.until_at <= due.gap, false) as goes_on
  from due
  join organization on organization.organization_id = due.organization_id
  cross join lateral (
    select concat_ws(':', organization.revision, organization.revision_id) is not distinct from due.seen_revision
  ) as compared (is_current)
  left join lateral (
    select coverage.from_at, coverage.until_at
    from coverage
    where coverage.organization_id = due.organization_id
    order by coverage.from_at desc
    limit 1
  ) as span on true
  where is_current
  or organization.listed_at between coalesce(due.until_at, due.newest_at) and clock_timestamp()
  and exists (
    select
    from sweep
    where sweep.organization_id = organization.organization_id
    and sweep.revision_id = split_part(due.seen_revision, ':', 2)::uuid)
), newest as (
  select owed.organization_id, newest.sweep_id, owed.attempts
  from owed
  cross join lateral (
    select *
    from sweep
    where sweep.organization_id = owed.organization_id
    order by sweep_id desc
    limit 1
  ) as newest
  where owed.outcome <> 'unchanged'
  and owed.last_outcome = owed.outcome
  and (owed.outcome_at between owed.newest_at and clock_timestamp()) is not true
  and newest.outcome = owed.outcome
  and newest.error is not distinct from owed.error
), again as (
  update sweep
  set attempts = sweep.attempts + newest.attempts,
    finished_at = clock_timestamp()
  from newest
  where sweep.organization_id = newest.organization_id
  and sweep.sweep_id = newest.sweep_id
), longer as ( -- as extend_coverage() does where the newest span goes on, in a third of its time
  update coverage
  set until_at = owed.until_at,
    sweeps = coverage.sweeps + owed.sweeps,
    longest_gap = greatest(
      coverage.longest_gap, coverage.pending_gap, owed.longest_gap, owed.from_at - coverage.until_at,
      case when owed.sweeps > 1 then owed.first_ended_at - coverage.until_at end),
    pending_gap = case when owed.sweeps > 1 then coalesce(owed.pending_gap, '0')
      else greatest(owed.pending_gap, owed.first_ended_at - coverage.until_at) end
  from owed
  where owed.goes_on
  and coverage.organization_id = owed.organization_id
  and coverage.from_at = owed.span_from
), covered as (
  select count(*) as spans
  from owed
  cross join lateral extend_coverage(
    owed.organization_id, owed.gap, owed.from_at, owed.first_ended_at, owed.until_at, owed.sweeps, owed.longest_gap, owed.pending_gap)
  where owed.until_at is not null
  and not owed.goes_on
), rejected as (
  update rejected_account
  set last_seen_at = owed.until_at
  from owed
  where rejected_account.organization_id = owed.organization_id
  and rejected_account.last_seen_at < owed.until_at
  and owed.is_current
), drifted as (
  update field_drift
  set last_seen_at = owed.until_at
  from owed
  where field_drift.organization_id = owed.organization_id
  and field_drift.last_seen_at < owed.until_at
  and owed.is_current
  and exists (
    select
    from account
    where account.organization_id = owed.organization_id
    and case when account.other ? field_drift.path or field_drift.path like '%…%' -- a long one is shortened, an address hidden
      then exists (
        select
        from other_drift(account.other) as shape
        where shape.path = field_drift.path
        and shape.json_type = field_drift.json_type)
      end
  )
)
update organization
set (last_swept_at, listed_at) = (
    select
      case when owed.last_swept_at > now then coalesce(owed.until_at, owed.last_swept_at) else greatest(owed.last_swept_at, owed.until_at) end,
      case
        when not owed.is_current then owed.listed_at
        when owed.listed_at > now then coalesce(owed.listing_at, owed.until_at, owed.listed_at)
        else greatest(owed.listed_at, owed.listing_at, owed.until_at) end
    from clock_timestamp() as now),
  (consecutive_failures, last_outcome, last_error, outcome_at) = (
    select failures, outcome, error, at
    from (values
      (owed.consecutive_failures, owed.last_outcome, owed.last_error, owed.outcome_at, true),
      (case when owed.outcome in ('incomplete', 'failed') then owed.consecutive_failures + owed.attempts else 0 end, owed.outcome,
        case when owed.outcome in ('incomplete', 'failed') then owed.error end, owed.newest_at, false)
    ) as told (failures, outcome, error, at, is_newer)
    where is_newer = coalesce(owed.outcome_at between owed.newest_at and clock_timestamp(), false)),
  skipped_turns = 0
from owed, covered
where organization.organization_id = owed.organization_id
returning owed.is_current, organization.last_swept_at, organization.revision;
