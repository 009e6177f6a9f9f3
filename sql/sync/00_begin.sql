-- Opens a sweep's transaction, behind query/hold: takes the organization's row (or makes it), and refuses when what the sweep began
-- with is not so any more: the mirror moved on, somebody listed since, the row was renamed, or the session that holds the
-- organization's lock lost it (whoever was stopped, or cut off, for any time writes nothing from before). Then it fixes what every step
-- shares: the sweep's number and the one moment of observation, which is no later than a moment at which the lock was held.
--
-- listed_at and complete_at, from which not_before comes, are times before started_at: where the database's clock went back behind what is
-- known, they are NULL and is_lost says why.
--
-- $1 organization_id text, $2 revision text (number:id; NULL: not bound yet), $3 name text, $4 principal_id text (NULL: as it is),
-- $5 user_id text, $6 started_at timestamptz, $7 listed_at, $8 complete_at timestamptz (later than the row knows; or NULL),
-- $9 volatile_fields text[], $10 verify boolean, $11 complete boolean, $12 digest_version integer,
-- $13 known_as text: the name the sweep found the row under (NULL: not bound yet), $14 pid integer and $15 backend_start timestamptz of
-- the session that took the lock, $16 excluded_fields text[]
with lock as materialized (
  select count(*) > 0 as is_held
  from pg_locks
  join pg_stat_get_activity($14::integer) as activity using (pid)
  where pg_locks.locktype = 'advisory'
  and pg_locks.objsubid = 1
  and pg_locks.granted
  and pg_locks.database = (select oid from pg_database where datname = current_database())
  and (pg_locks.classid::bigint << 32 | pg_locks.objid::bigint) = hashtextextended($3::text, hashtext(current_schema))
  and pg_locks.pid = $14::integer
  and activity.backend_start = $15::timestamptz
), held as (
  update organization
  set name = $3,
    principal_id = coalesce($4::text, principal_id)
  where organization_id = $1::text
  and name = $13::text
  and case
    when exists (select from organization where name = $3 and organization_id <> $1)
    then refuse('CS002', format('the name "%s" belongs to another organization', $3))
    else true end
  returning revision || ':' || revision_id as revision, listed_at, last_swept_at
), bound as (
  insert into organization (organization_id, name, principal_id, user_id)
  select $1, $3, $4, $5::text
  where $2::text is null
  and case
    when exists (select from organization where name = $3 and organization_id <> $1)
    then refuse('CS002', format('the name "%s" belongs to another organization', $3))
    else true end
  on conflict (organization_id) do nothing
  returning null, listed_at, last_swept_at
), opened as (
  select * from held
  union all
  select * from bound
), agreed as materialized (
  select opened.*
  from lock
  left join opened on true
  where case
    when not lock.is_held then refuse('CS007', 'the session that held the lock of this organization lost it')
    when (select count(*) from opened) <> 1 or opened.revision is distinct from $2
    then refuse('CS001', 'the mirror changed since this sweep began')
    when $6::timestamptz > clock_timestamp() then refuse('CS001', 'the database''s clock went back since this sweep began')
    when greatest(opened.listed_at, opened.last_swept_at) between $6 and clock_timestamp()
    then refuse('CS001', 'somebody listed since this sweep began')
    else true end
)
insert into sweep_begun (
  organization_id, sweep_id, started_at, observed_at, listed_at, complete_at, is_lost, volatile_fields, excluded_fields, digest_version, verify,
  complete, is_first)
select
  $1,
  1 + coalesce((select sweep_id from sweep where organization_id = $1 order by sweep_id desc limit 1), 0),
  $6,
  greatest(
    clock_timestamp(),
    $6 + interval '1 microsecond',
    (select observed_at from account_history where organization_id = $1 order by seq desc limit 1)),
  (select max(at) from (values ($7::timestamptz), (agreed.listed_at)) as known (at) where at < $6),
  (select max(at) from (values ($8::timestamptz), (agreed.last_swept_at)) as known (at) where at < $6),
  coalesce(greatest(agreed.listed_at, agreed.last_swept_at) >= $6, false),
  $9::text[], $16::text[], $12::integer, $10::boolean, $11::boolean,
  $2 is null and not exists (
    select organization_id from account_history where organization_id = $1
    union all
    select organization_id from history_anchor where organization_id = $1
    union all
    select organization_id from account where organization_id = $1
    union all
    select organization_id from account_identity where organization_id = $1
    union all
    select organization_id from account_mail_server where organization_id = $1
    union all
    select organization_id from account_calendar where organization_id = $1
    union all
    select organization_id from account_feature where organization_id = $1
    union all
    select organization_id from account_digest where organization_id = $1
    union all
    select organization_id from rejected_account where organization_id = $1)
from agreed
where not exists (select from sweep_begun)
returning 'organization' as what, 0 as added, 0 as changed, 0 as removed;
