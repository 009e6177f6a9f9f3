-- Closes a sweep's transaction: its row (or one attempt more of the same), coverage, the organization's account of itself.
-- 'unchanged' becomes 'changed' when history or repairs were written; what was taken under another sync.exclude_fields by an incomplete
-- listing makes the next sweep verify, whoever's it is; the revision moves with any mirror or history row. Whoever listens to
-- closesyncd_change is told which rows of history came, unless the server's queue is half full: a full one would fail the commit.
--
-- $1 outcome text (guarded, incomplete, unchanged), $2 error text, $3 accounts integer, $4 rejected integer, $5 requests integer,
-- $6 received_bytes bigint, $7 gap interval, coverage to add or NULLs: $8 from_at, $9 first_ended_at, $10 until_at timestamptz,
-- $11 sweeps bigint, $12 longest_gap, $13 pending_gap interval; $14 verified boolean, $15 attempts integer, $16 notify boolean
with total as materialized (
  select
    coalesce(sum(added) filter (where what = 'account_history'), 0)::integer as added,
    coalesce(sum(changed) filter (where what = 'account_history'), 0)::integer as changed,
    coalesce(sum(removed) filter (where what = 'account_history'), 0)::integer as removed,
    coalesce(sum(changed) filter (where what = 'rescoped'), 0)::integer as rescoped,
    coalesce(sum(added + changed + removed) filter (where what in ('account_history', 'rescoped')), 0) > 0 as wrote_history,
    coalesce(sum(added + changed + removed) filter (where what in (
      'account_history', 'rescoped', 'account', 'account_identity', 'account_mail_server', 'account_calendar', 'account_feature')), 0) > 0 as wrote,
    count(distinct account_id)::integer as repaired,
    gen_random_uuid() as revision_id
  from written
), verdict as materialized (
  select
    total.*, context.*,
    case when $1::text = 'unchanged' and (wrote_history or repaired > 0) then 'changed' else $1 end as outcome,
    greatest(clock_timestamp(), context.observed_at) as finished_at,
    organization.last_outcome,
    organization.excluded_fields is distinct from context.excluded_fields as is_rescoping,
    organization.listed_at is not distinct from context.started_at as is_finished
  from total
  cross join sweep_context as context
  join organization using (organization_id)
), newest as (
  select sweep.organization_id, sweep.sweep_id
  from verdict
  cross join lateral (
    select *
    from sweep
    where sweep.organization_id = verdict.organization_id
    order by sweep.sweep_id desc
    limit 1
  ) as sweep
  where not verdict.wrote
  and verdict.outcome = verdict.last_outcome
  and verdict.outcome = sweep.outcome
  and sweep.error is not distinct from $2::text
), again as (
  update sweep
  set attempts = sweep.attempts + $15::integer,
    finished_at = verdict.finished_at
  from verdict, newest
  where sweep.organization_id = newest.organization_id
  and sweep.sweep_id = newest.sweep_id
  and not verdict.is_finished
  returning sweep.sweep_id
), recorded as (
  insert into sweep (
    organization_id, sweep_id, started_at, finished_at, outcome, accounts, added, changed, removed,
    rejected, repaired, requests, received_bytes, attempts, error, rescoped, revision_id)
  select
    organization_id, sweep_id, started_at, finished_at, outcome, $3::integer, added, changed, removed,
    $4::integer, repaired, $5::integer, $6::bigint, $15, $2, rescoped, case when wrote then revision_id end
  from verdict
  where outcome <> 'unchanged'
  and not is_finished
  and not exists (select from newest)
  returning sweep_id
), covered as (
  select count(*) as spans
  from verdict
  cross join lateral extend_coverage(
    verdict.organization_id, $7::interval, $8::timestamptz, $9::timestamptz, $10::timestamptz,
    $11::bigint, $12::interval, $13::interval)
  where not verdict.is_finished
), closed as (
  update organization
  set revision = organization.revision + verdict.wrote::integer,
    revision_id = case when verdict.wrote then verdict.revision_id else organization.revision_id end,
    last_swept_at = case
      when organization.last_swept_at > clock_timestamp() then coalesce($10, organization.last_swept_at) -- the clock went back
      else greatest(organization.last_swept_at, $10) end,
    listed_at = verdict.started_at,
    last_changed_at = case when verdict.wrote_history then verdict.observed_at else organization.last_changed_at end,
    last_verified_at = case when $14::boolean then verdict.started_at else organization.last_verified_at end,
    consecutive_failures = case when verdict.outcome = 'incomplete' then organization.consecutive_failures + $15 else 0 end,
    last_outcome = verdict.outcome,
    last_error = case when verdict.outcome = 'incomplete' then $2 end,
    outcome_at = verdict.started_at,
    skipped_turns = 0,
    digest_version = case
      when $14 then verdict.digest_version
      when not verdict.is_rescoping then organization.digest_version end,
    excluded_fields = case when $14 then verdict.excluded_fields else organization.excluded_fields end,
    volatile_fields = case when $14 then verdict.volatile_fields else organization.volatile_fields end
  from verdict, covered
  where organization.organization_id = verdict.organization_id
  and not verdict.is_finished
  returning organization.revision, organization.revision_id
)
select
  verdict.outcome, verdict.added, verdict.changed, verdict.removed, verdict.repaired,
  coalesce((select revision from closed), organization.revision) as revision,
  coalesce((select sweep_id from recorded), (select sweep_id from again)) as sweep_id,
  coalesce((select revision || ':' || revision_id from closed), organization.revision || ':' || organization.revision_id) as revision_text,
  (
    select pg_notify('closesyncd_change', jsonb_build_object(
      'schema', current_schema, 'organization_id', verdict.organization_id, 'from_seq', min(past.seq), 'to_seq', max(past.seq))::text)
    from account_history as past
    where past.organization_id = verdict.organization_id
    and past.observed_at = verdict.observed_at
    and past.sweep_id = verdict.sweep_id
    having verdict.wrote_history
    and $16::boolean
    and pg_notification_queue_usage() < 0.5
  ) as told,
  verdict.rescoped
from verdict
join organization using (organization_id);
