-- What the database knows of each organization, for `status`: the last sweep that was worth a row stands beside the outcome now.
--
-- -> organization text, organization_id text, last_swept_at timestamptz, outcome text, accounts bigint, added, changed, removed integer,
--    sweep_finished_at timestamptz, consecutive_failures integer, error text
select
  organization.name as organization,
  organization.organization_id,
  organization.last_swept_at,
  organization.last_outcome as outcome,
  (select count(*) from account where account.organization_id = organization.organization_id) as accounts,
  coalesce(newest.added, 0) as added,
  coalesce(newest.changed, 0) as changed,
  coalesce(newest.removed, 0) as removed,
  newest.finished_at as sweep_finished_at,
  organization.consecutive_failures,
  organization.last_error as error
from organization
left join lateral (
  select added, changed, removed, finished_at
  from sweep
  where sweep.organization_id = organization.organization_id
  order by sweep_id desc
  limit 1
) as newest on true
order by organization.name collate "C";
