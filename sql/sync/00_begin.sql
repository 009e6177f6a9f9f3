-- Opens a sweep's transaction: takes the organization's row (or makes it), refuses when the mirror moved on or the row was renamed
-- since the sweep began, and fixes what every step of it shares: the sweep's number and the one moment of observation.
--
-- $1 organization_id text, $2 revision bigint (NULL: not bound yet), $3 name text, $4 principal_id text (NULL: as it is),
-- $5 user_id text, $6 started_at timestamptz, $7 listed_at, $8 complete_at timestamptz (later than the row knows; or NULL),
-- $9 volatile_fields text[], $10 verify boolean, $11 complete boolean, $12 digest_version integer,
-- $13 known_as text: the name the sweep found the row under (NULL: not bound yet)
with held as (
  update organization
  set name = $3::text,
    principal_id = coalesce($4::text, principal_id)
  where organization_id = $1::text
  and name = $13::text
  and case
    when exists (select from organization where name = $3 and organization_id <> $1)
    then refuse('CS002', format('the name "%s" belongs to another organization', $3))
    else true end
  returning revision, listed_at, last_swept_at
), bound as (
  insert into organization (organization_id, name, principal_id, user_id)
  select $1, $3, $4, $5::text
  where $2::bigint is null
  and case
    when exists (select from organization where name = $3 and organization_id <> $1)
    then refuse('CS002', format('the name "%s" belongs to another organization', $3))
    else true end
  on conflict (organization_id) do nothing
  returning null::bigint, listed_at, last_swept_at
), opened as (
  select * from held
  union all
  select * from bound
), agreed as (
  select opened.*
  from (values (true)) as one
  left join opened on true
  where case
    when (select count(*) from opened) = 1 and opened.revision is not distinct from $2 then true
    else refuse('CS001', 'the mirror moved on since this sweep began') end
)
insert into sweep_begun (
  organization_id, sweep_id, started_at, observed_at, listed_at, complete_at, volatile_fields, digest_version, verify, complete)
select
  $1,
  1 + coalesce((select sweep_id from sweep where organization_id = $1 order by sweep_id desc limit 1), 0),
  $6::timestamptz,
  greatest(
    clock_timestamp(), $6, $7::timestamptz, agreed.listed_at, $8::timestamptz, agreed.last_swept_at, -- where a not_before comes from
    (select max(seen_at) from account_digest where organization_id = $1 and seen_at is not null),
    (select observed_at from account_history where organization_id = $1 order by seq desc limit 1)),
  greatest($7, agreed.listed_at),
  greatest($8, agreed.last_swept_at),
  $9::text[], $12::integer, $10::boolean, $11::boolean
from agreed
where not exists (select from sweep_begun)
returning 'organization' as what, 0 as added, 0 as changed, 0 as removed;
