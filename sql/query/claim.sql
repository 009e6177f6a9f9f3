-- Notes that another NAME of the configuration means this organization too, so that from the next sweep on both fail.
--
-- $1 organization_id text, $2 name text -> name text: the NAME it is bound to; also_named text[]
with claimed as (
  update organization
  set also_named = also_named || $2::text
  where organization_id = $1::text
  and name <> $2
  and $2 <> all (also_named)
  returning name, also_named
)
select name, also_named
from claimed
union all
select name, also_named
from organization
where organization_id = $1
and not exists (select from claimed);
