-- Writes down sweeps that found nothing to write: coverage and the organization's account of itself, the attempts of a sweep
-- that ends like the one before, and that what was rejected or drifted is still there. Touches no account and no index. No lock is
-- asked for: an outcome that is newer stays as it is (outcome_at in the future is none: the clock stepped back).
--
-- $1 organization_id text, $2 outcome text, $3 error text, $4 attempts integer, $5 listed_at timestamptz, $6 gap interval, coverage
-- to add or NULLs: $7 from_at, $8 first_ended_at, $9 until_at timestamptz, $10 sweeps bigint, $11 longest_gap, $12 pending_gap interval;
-- $13 outcome_at timestamptz: started_at of the newest of the sweeps
-- -> last_swept_at timestamptz, revision bigint
with newest as (
  select sweep.sweep_id
  from organization
  cross join lateral (
    select *
    from sweep
    where sweep.organization_id = organization.organization_id
    order by sweep_id desc
    limit 1
  ) as sweep
  where organization.organization_id = $1::text
  and $2::text <> 'unchanged'
  and organization.last_outcome = $2
  and (organization.outcome_at between $13::timestamptz and clock_timestamp()) is not true
  and sweep.outcome = $2
  and sweep.error is not distinct from $3::text
), again as (
  update sweep
  set attempts = sweep.attempts + $4::integer,
    finished_at = clock_timestamp()
  from newest
  where sweep.organization_id = $1
  and sweep.sweep_id = newest.sweep_id
), covered as (
  select count(*) as spans
  from extend_coverage($1, $6::interval, $7::timestamptz, $8::timestamptz, $9::timestamptz, $10::bigint, $11::interval, $12::interval)
), rejected as (
  update rejected_account
  set last_seen_at = $9
  where organization_id = $1
  and last_seen_at < $9
), drifted as (
  update field_drift
  set last_seen_at = $9
  where organization_id = $1
  and last_seen_at < $9
  and exists (
    select
    from account
    where account.organization_id = $1
    and account.other ? field_drift.path
    and case when field_drift.path ~ '\[\]'
      then jsonb_path_exists(account.other -> field_drift.path, '$[*] ? (@.type() == $type)', jsonb_build_object('type', field_drift.json_type))
      else jsonb_typeof(account.other -> field_drift.path) = field_drift.json_type end
  )
)
update organization
set last_swept_at = greatest(last_swept_at, $9),
  listed_at = greatest(listed_at, coalesce($5::timestamptz, $9)),
  (consecutive_failures, last_outcome, last_error, outcome_at) = (
    select failures, outcome, error, at
    from (values
      (consecutive_failures, last_outcome, last_error, outcome_at, true),
      (case when $2 in ('incomplete', 'failed') then consecutive_failures + $4 else 0 end, $2,
        case when $2 in ('incomplete', 'failed') then $3 end, $13, false)
    ) as told (failures, outcome, error, at, is_newer)
    where is_newer = coalesce(outcome_at between $13 and clock_timestamp(), false))
from covered
where organization_id = $1
returning last_swept_at, revision;
