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
  delete from account
  where organization_id = (select organization_id from sweep_context)
  and account_id = any (array(select account_id from stray))
  returning account_id
), identity_gone as (
  delete from account_identity
  where organization_id = (select organization_id from sweep_context)
  and account_id = any (array(select account_id from stray))
  returning account_id
), mail_server_gone as (
  delete from account_mail_server
  where organization_id = (select organization_id from sweep_context)
  and account_id = any (array(select account_id from stray))
  returning account_id
), calendar_gone as (
  delete from account_calendar
  where organization_id = (select organization_id from sweep_context)
  and account_id = any (array(select account_id from stray))
  returning account_id
), feature_gone as (
  delete from account_feature
  where organization_id = (select organization_id from sweep_context)
  and account_id = any (array(select account_id from stray))
  returning account_id
), digest_gone as (
  delete from account_digest
  where organization_id = (select organization_id from sweep_context)
  and account_id = any (array(select account_id from stray))
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
  insert into written (what, account_id)
  select distinct 'repaired', account_id
  from gone
)
insert into written (what, added, changed, removed)
select 'account', 0, 0, count(*)
from gone
returning what, added, changed, removed;
