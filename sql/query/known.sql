-- What the database knows of organizations, for people and machines that watch a daemon: how they fare, and how many accounts of which type
-- they have. A row for each type, one with a NULL type where there is none. Asked for all when the database is there, and for one when
-- that may have changed.
--
-- $1 names text[] -> name text, is_first boolean (of its organization's rows), type text, accounts bigint, of these with an error in sending,
-- receiving, calendar bigint, organization_id text, last_swept_at bigint (seconds since 1970), swept_age bigint (ms),
-- consecutive_failures integer, outcome text, error text, last_verified_at bigint (seconds since 1970), broken bigint (of the
-- accounts, those with an error in anything), rejected bigint, gaps bigint (in its
-- coverage), and of the last `verify --record`: history_verified_at bigint (seconds since 1970), history_is_proven boolean
select
  organization.name,
  row_number() over (partition by organization.organization_id) = 1 as is_first,
  counted.type,
  coalesce(counted.accounts, 0) as accounts,
  coalesce(counted.send_errors, 0) as send_errors,
  coalesce(counted.receive_errors, 0) as receive_errors,
  coalesce(counted.calendar_errors, 0) as calendar_errors,
  organization.organization_id,
  extract(epoch from organization.last_swept_at)::bigint as last_swept_at,
  (extract(epoch from clock_timestamp() - organization.last_swept_at) * 1000)::bigint as swept_age,
  organization.consecutive_failures,
  organization.last_outcome as outcome,
  organization.last_error as error,
  extract(epoch from organization.last_verified_at)::bigint as last_verified_at,
  coalesce(counted.broken, 0) as broken,
  (select count(*) from rejected_account where rejected_account.organization_id = organization.organization_id) as rejected,
  (select greatest(count(*) - 1, 0) from coverage where coverage.organization_id = organization.organization_id) as gaps,
  extract(epoch from verification.verified_at)::bigint as history_verified_at,
  coalesce(verification.is_proven, false) as history_is_proven
from organization
left join verification using (organization_id)
left join lateral (
  select
    account.type,
    count(*) as accounts,
    count(*) filter (where account.send_status = 'error') as send_errors,
    count(*) filter (where 'error' in (account.receive_status, account.email_receive_status)) as receive_errors,
    count(*) filter (where account.calendar_receive_status = 'error') as calendar_errors,
    count(*) filter (
      where 'error' in (account.send_status, account.receive_status, account.email_receive_status, account.calendar_receive_status)
    ) as broken
  from account
  where account.organization_id = organization.organization_id
  group by account.type
) as counted on true
where organization.name = any ($1::text[]);
