-- What the database knows of each organization, for `status`: the outcome now, and beside it the last sweep that changed something.
--
-- -> organization text, organization_id text, last_swept_at text (ISO 8601), outcome text, accounts bigint, consecutive_failures integer,
--    error text, swept_age bigint (seconds), and of the last change: added, changed, removed integer, change_age bigint (seconds);
--    skipped_turns integer, skipped_age bigint (seconds), clock bigint (microseconds since 1970), and newest: the latest time recorded
select
  organization.name as organization,
  organization.organization_id,
  to_char(organization.last_swept_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as last_swept_at,
  organization.last_outcome as outcome,
  (select count(*) from account where account.organization_id = organization.organization_id) as accounts,
  organization.consecutive_failures,
  organization.last_error as error,
  extract(epoch from clock_timestamp() - organization.last_swept_at)::bigint as swept_age,
  newest.added,
  newest.changed,
  newest.removed,
  extract(epoch from clock_timestamp() - newest.finished_at)::bigint as change_age,
  organization.skipped_turns,
  extract(epoch from clock_timestamp() - organization.skipped_at)::bigint as skipped_age,
  (extract(epoch from clock_timestamp()) * 1000000)::bigint as clock,
  (extract(epoch from greatest(
    organization.last_swept_at, organization.listed_at, organization.last_changed_at, organization.outcome_at)) * 1000000)::bigint as newest
from organization
left join lateral (
  select added, changed, removed, finished_at
  from sweep
  where sweep.organization_id = organization.organization_id
  and added + changed + removed > 0
  order by sweep_id desc
  limit 1
) as newest on true
order by organization.name collate "C";
