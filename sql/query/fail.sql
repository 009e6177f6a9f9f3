-- Writes down a failed sweep of a bound organization: its row, or one attempt more of the same failure. Behind query/hold. What the
-- organization says of itself stays where another process wrote down a newer outcome (outcome_at in the future is none: the clock stepped
-- back).
--
-- $1 organization_id text, $2 started_at timestamptz, $3 error text, $4 attempts integer, $5 requests integer, $6 received_bytes bigint
-- -> sweep_id bigint, attempts integer; no row: not bound
with newest as (
  select
    sweep.sweep_id,
    coalesce(organization.outcome_at between $2::timestamptz and clock_timestamp(), false) as is_overtaken,
    organization.last_outcome = 'failed' and sweep.outcome = 'failed' and sweep.error is not distinct from $3::text as is_same
  from organization
  left join lateral (
    select sweep_id, outcome, error
    from sweep
    where sweep.organization_id = organization.organization_id
    order by sweep_id desc
    limit 1
  ) as sweep on true
  where organization.organization_id = $1::text
), failed as (
  update organization
  set consecutive_failures = consecutive_failures + $4::integer,
    last_outcome = 'failed',
    last_error = $3,
    outcome_at = $2,
    skipped_turns = 0
  from newest
  where organization.organization_id = $1
  and not newest.is_overtaken
), again as (
  update sweep
  set attempts = sweep.attempts + $4,
    finished_at = greatest(clock_timestamp(), $2)
  from newest
  where sweep.organization_id = $1
  and sweep.sweep_id = newest.sweep_id
  and newest.is_same
  returning sweep.sweep_id, sweep.attempts
), recorded as (
  insert into sweep (organization_id, sweep_id, started_at, finished_at, outcome, requests, received_bytes, attempts, error)
  select $1, coalesce(sweep_id, 0) + 1, $2, greatest(clock_timestamp(), $2), 'failed', $5::integer, $6::bigint, $4, $3
  from newest
  where is_same is not true
  returning sweep_id, attempts
)
select * from again
union all
select * from recorded;
