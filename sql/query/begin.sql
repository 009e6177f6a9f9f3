-- What a sweep must know before its first request: the database's clock, where the mirror stands, and who the session is that took the
-- lock (its pid and its start; a pid alone is used again), and for those who watch the last `verify --record` (seconds since 1970). Always one row;
-- with organization_id NULL when the name (or the id) is not bound yet. Moments are microseconds since 1970, the revision is
-- number:id, for a number alone may come back after a fail-over.
--
-- $1 name text, $2 organization_id text (NULL: look it up by the name), $3 volatile_fields text[], $4 digest_version integer,
-- $5 verify_interval interval, $6 excluded_fields text[]
select
  (extract(epoch from clock.now) * 1000000)::bigint as clock,
  organization.organization_id,
  organization.revision || ':' || organization.revision_id as revision,
  organization.name,
  organization.principal_id,
  organization.user_id,
  (extract(epoch from organization.last_swept_at) * 1000000)::bigint as last_swept_at,
  (extract(epoch from organization.listed_at) * 1000000)::bigint as listed_at,
  coalesce(
    organization.last_verified_at <= clock.now - $5::interval
    or organization.last_verified_at > clock.now
    or organization.digest_version is distinct from $4::integer
    or organization.volatile_fields is distinct from $3::text[]
    or organization.excluded_fields is distinct from $6::text[], true) as is_verification_due,
  organization.last_outcome,
  organization.consecutive_failures,
  (select string_agg(claimed, ',')
    from unnest(organization.also_named) as claimed
    where not exists (select from organization as other where other.name = claimed)) as also_named,
  encode(sha256(convert_to(coalesce(rejected.fingerprints, ''), 'UTF8')), 'hex') as rejected_digest,
  exists (
    select
    from account_digest
    where account_digest.organization_id = organization.organization_id
    and account_digest.seen_at is not null) as has_unseen,
  (extract(epoch from organization.outcome_at) * 1000000)::bigint as outcome_at,
  pg_backend_pid() as pid,
  (extract(epoch from (select backend_start from pg_stat_get_activity(pg_backend_pid()))) * 1000000)::bigint as backend_start,
  (extract(epoch from greatest(
    organization.last_swept_at, organization.listed_at, organization.last_changed_at, organization.outcome_at)) * 1000000)::bigint as newest,
  extract(epoch from verification.verified_at)::bigint as history_verified_at,
  coalesce(verification.is_proven, false) as history_is_proven
from (select clock_timestamp() as now) as clock
left join organization
  on organization.organization_id = coalesce($2::text, (select named.organization_id from organization as named where named.name = $1::text))
left join verification on verification.organization_id = organization.organization_id
left join lateral (
  select string_agg(fingerprint, '' order by fingerprint collate "C") as fingerprints
  from rejected_account
  where rejected_account.organization_id = organization.organization_id
) as rejected on true;
