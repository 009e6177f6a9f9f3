-- As query/hold, of many organizations, and waits for none: those whose row another transaction has are busy, and left out. Which are free is said
-- where query/flush reads it, until the transaction ends. A statement of its own here too.
--
-- $1 organization_ids text[], $2 which of them boolean[], an element for each (NULL: all)
-- -> free text, busy text: each a boolean[], an element for each organization; neither: not wanted, or not bound
select
  set_config('closesyncd.free', coalesce(array_agg(free.organization_id is not null order by place), '{}')::text, true) as free,
  coalesce(array_agg(is_busy order by place), '{}')::text as busy
from unnest($1::text[], $2::boolean[]) with ordinality as wanted (organization_id, is_wanted, place)
left join lateral (
  select organization.organization_id
  from organization
  where organization.organization_id = wanted.organization_id
  and wanted.is_wanted is not false
  for no key update skip locked
) as free on true
cross join lateral (
  select wanted.is_wanted is not false
    and free.organization_id is null
    and exists (select from organization where organization.organization_id = wanted.organization_id)
) as busy (is_busy);
