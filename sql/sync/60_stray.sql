-- In a complete, verifying sweep: mirror rows of accounts that are not alive in the history are damage, and go.
-- Not in the sweep that binds the organization: all it has was written by this very transaction.
with known as materialized (
  select context.organization_id, known.account_id
  from sweep_context as context
  cross join lateral (
    select account_id from account where organization_id = context.organization_id
    union
    select account_id from account_identity where organization_id = context.organization_id
    union
    select account_id from account_mail_server where organization_id = context.organization_id
    union
    select account_id from account_calendar where organization_id = context.organization_id
    union
    select account_id from account_feature where organization_id = context.organization_id
    union
    select account_id from account_digest where organization_id = context.organization_id
  ) as known
  where context.verify
  and context.complete
  and (context.listed_at is not null or context.sweep_id > 1)
), stray as materialized (
  select known.*
  from known
  left join lateral (
    select change
    from account_history
    where organization_id = known.organization_id
    and account_id = known.account_id
    order by version desc
    limit 1
  ) as past on true
  where coalesce(past.change, 'removed') = 'removed'
), account_gone as (
  delete from account using stray
  where (account.organization_id, account.account_id) = (stray.organization_id, stray.account_id)
  returning account.account_id
), identity_gone as (
  delete from account_identity using stray
  where (account_identity.organization_id, account_identity.account_id) = (stray.organization_id, stray.account_id)
  returning account_identity.account_id
), mail_server_gone as (
  delete from account_mail_server using stray
  where (account_mail_server.organization_id, account_mail_server.account_id) = (stray.organization_id, stray.account_id)
  returning account_mail_server.account_id
), calendar_gone as (
  delete from account_calendar using stray
  where (account_calendar.organization_id, account_calendar.account_id) = (stray.organization_id, stray.account_id)
  returning account_calendar.account_id
), feature_gone as (
  delete from account_feature using stray
  where (account_feature.organization_id, account_feature.account_id) = (stray.organization_id, stray.account_id)
  returning account_feature.account_id
), digest_gone as (
  delete from account_digest using stray
  where (account_digest.organization_id, account_digest.account_id) = (stray.organization_id, stray.account_id)
), gone as (
  select account_id from account_gone
  union all
  select account_id from identity_gone
  union all
  select account_id from mail_server_gone
  union all
  select account_id from calendar_gone
  union all
  select account_id from feature_gone
), mended as (
  insert into repaired (account_id)
  select distinct account_id
  from gone
)
insert into written (what, added, changed, removed)
select 'account', 0, 0, count(*)
from gone
returning what, added, changed, removed;
