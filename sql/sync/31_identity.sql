-- Makes account_identity say what the incoming documents say: new rows, changed rows, and rows gone from them; what is equal is not
-- touched. Volatile and damaged rows, `offset 0` and `any` as in 30_account.
with wanted as materialized (
  select standing.account_id, standing.is_changed, shape.*
  from standing
  cross join lateral account_identity_shape(standing.document) as shape
), held as materialized (
  select standing.account_id, standing.is_changed, stored.*
  from sweep_context as context
  cross join standing
  cross join lateral (
    select email, name, is_default
    from account_identity
    where organization_id = context.organization_id
    and account_id = standing.account_id
    offset 0
  ) as stored
  where not context.is_first
), different as materialized (
  select
    account_id, is_changed, email, name, wanted.is_default,
    wanted.account_id is null as is_gone, held.account_id is null as is_new,
    array[case when held.email is null or wanted.email is null then 'identities' else 'default_identity' end] as fields
  from wanted
  full join held using (account_id, is_changed, email, name)
  where held is distinct from wanted
), due as materialized (
  select context.organization_id, different.*, not is_changed and not fields <@ context.volatile_fields as is_damaged
  from different
  cross join sweep_context as context
  where is_changed or context.verify or not fields <@ context.volatile_fields
), deleted as (
  delete from account_identity
  using due
  where account_identity.organization_id = (select organization_id from sweep_context)
  and account_identity.account_id = any (array(select account_id from due where is_gone))
  and (account_identity.account_id, account_identity.email, account_identity.name) = (due.account_id, due.email, due.name)
  and due.is_gone
  returning due.account_id
), inserted as (
  insert into account_identity (organization_id, account_id, email, name, is_default)
  select organization_id, account_id, email, name, is_default
  from due
  where is_new
  returning account_id
), updated as (
  update account_identity
  set is_default = due.is_default
  from due
  where account_identity.organization_id = (select organization_id from sweep_context)
  and account_identity.account_id = any (array(select account_id from due where not is_new and not is_gone))
  and (account_identity.account_id, account_identity.email, account_identity.name) = (due.account_id, due.email, due.name)
  and not due.is_new
  and not due.is_gone
  returning due.account_id
), mended as (
  insert into written (what, account_id)
  select distinct 'repaired', account_id
  from due
  where is_damaged
)
insert into written (what, added, changed, removed)
select 'account_identity', (select count(*) from inserted), (select count(*) from updated), (select count(*) from deleted)
returning what, added, changed, removed;
