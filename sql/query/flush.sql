-- Writes down sweeps that found nothing to write: coverage and the organization's account of itself, the attempts of a sweep
-- that ends like the one before, and that what was rejected or drifted is still there. Touches no account and no index. Behind
-- query/hold; no lock is asked for. The sweeps compared Close with the mirror of revision $14. They are true of the mirror as it is while that is its
-- revision; of its past when the revision came after that one and after all of them (a later sweep, by another process). Else nothing is
-- known of them: the revision was lost (a fail-over, a restore), or another process listed while they thought that they had the lock.
-- An outcome that is newer stays as it is (outcome_at in the future is none: the clock stepped back).
--
-- $1 organization_id text, $2 outcome text, $3 error text, $4 attempts integer, $5 listed_at timestamptz, $6 gap interval, coverage
-- to add or NULLs: $7 from_at, $8 first_ended_at, $9 until_at timestamptz, $10 sweeps bigint, $11 longest_gap, $12 pending_gap interval;
-- $13 outcome_at timestamptz: started_at of the newest of the sweeps; $14 revision text (number:id)
-- -> is_current boolean (the revision is still that one), last_swept_at timestamptz, revision bigint; no row: nothing is known of them
with owed as materialized (
  select organization.*, is_current
  from organization
  cross join lateral (select concat_ws(':', revision, revision_id) is not distinct from $14::text) as compared (is_current)
  where organization_id = $1::text
  and (
    is_current
    or listed_at between coalesce($9::timestamptz, $13::timestamptz) and clock_timestamp()
    and exists (
      select
      from sweep
      where sweep.organization_id = organization.organization_id
      and sweep.revision_id = split_part($14, ':', 2)::uuid))
), newest as (
  select newest.sweep_id
  from owed
  cross join lateral (
    select *
    from sweep
    where sweep.organization_id = owed.organization_id
    order by sweep_id desc
    limit 1
  ) as newest
  where $2::text <> 'unchanged'
  and owed.last_outcome = $2
  and (owed.outcome_at between $13 and clock_timestamp()) is not true
  and newest.outcome = $2
  and newest.error is not distinct from $3::text
), again as (
  update sweep
  set attempts = sweep.attempts + $4::integer,
    finished_at = clock_timestamp()
  from newest
  where sweep.organization_id = $1
  and sweep.sweep_id = newest.sweep_id
), covered as (
  select count(*) as spans
  from owed
  cross join lateral extend_coverage($1, $6::interval, $7::timestamptz, $8::timestamptz, $9, $10::bigint, $11::interval, $12::interval)
), rejected as (
  update rejected_account
  set last_seen_at = $9
  from owed
  where rejected_account.organization_id = $1
  and rejected_account.last_seen_at < $9
  and owed.is_current
), drifted as (
  update field_drift
  set last_seen_at = $9
  from owed
  where field_drift.organization_id = $1
  and field_drift.last_seen_at < $9
  and owed.is_current
  and exists (
    select
    from account
    where account.organization_id = $1
    and case when account.other ? field_drift.path or field_drift.path like '%…%' -- a long one is shortened
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
      case when owed.last_swept_at > now then coalesce($9, owed.last_swept_at) else greatest(owed.last_swept_at, $9) end,
      case
        when not owed.is_current then owed.listed_at
        when owed.listed_at > now then coalesce($5::timestamptz, $9, owed.listed_at)
        else greatest(owed.listed_at, $5, $9) end
    from clock_timestamp() as now),
  (consecutive_failures, last_outcome, last_error, outcome_at) = (
    select failures, outcome, error, at
    from (values
      (owed.consecutive_failures, owed.last_outcome, owed.last_error, owed.outcome_at, true),
      (case when $2 in ('incomplete', 'failed') then owed.consecutive_failures + $4 else 0 end, $2,
        case when $2 in ('incomplete', 'failed') then $3 end, $13, false)
    ) as told (failures, outcome, error, at, is_newer)
    where is_newer = coalesce(owed.outcome_at between $13 and clock_timestamp(), false)),
  skipped_turns = 0
from owed, covered
where organization.organization_id = owed.organization_id
returning owed.is_current, organization.last_swept_at, organization.revision;
