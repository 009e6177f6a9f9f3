-- Makes account_calendar say what the incoming documents say: new rows, changed rows, and rows gone from them; what is equal is not
-- touched. Volatile and damaged rows, `offset 0` and `any` as in 30_account.
with wanted as materialized (
  select standing.account_id, standing.is_changed, shape.*
  from standing
  cross join lateral account_calendar_shape(standing.document) as shape
), held as materialized (
  select standing.account_id, standing.is_changed, stored.*
  from sweep_context as context
  cross join standing
  cross join lateral (
    select calendar_id, name, status, is_default, is_available, is_synced
    from account_calendar
    where organization_id = context.organization_id
    and account_id = standing.account_id
    offset 0
  ) as stored
  where not context.is_first
), different as materialized (
  select
    account_id, is_changed, calendar_id, wanted.name, wanted.status, wanted.is_default, wanted.is_available, wanted.is_synced,
    wanted.account_id is null as is_gone, held.account_id is null as is_new,
    case when not is_changed then account_calendar_difference_fields(to_jsonb(held), to_jsonb(wanted)) end as fields
  from wanted
  full join held using (account_id, is_changed, calendar_id)
  where held is distinct from wanted
), due as materialized (
  select context.organization_id, different.*, not is_changed and not fields <@ context.volatile_fields as is_damaged
  from different
  cross join sweep_context as context
  where is_changed or context.verify or not fields <@ context.volatile_fields
), deleted as (
  delete from account_calendar
  using due
  where account_calendar.organization_id = (select organization_id from sweep_context)
  and account_calendar.account_id = any (array(select account_id from due where is_gone))
  and (account_calendar.account_id, account_calendar.calendar_id) = (due.account_id, due.calendar_id)
  and due.is_gone
  returning due.account_id
), inserted as (
  insert into account_calendar (organization_id, account_id, calendar_id, name, status, is_default, is_available, is_synced)
  select organization_id, account_id, calendar_id, name, status, is_default, is_available, is_synced
  from due
  where is_new
  returning account_id
), updated as (
  update account_calendar
  set (name, status, is_default, is_available, is_synced) =
    row (due.name, due.status, due.is_default, due.is_available, due.is_synced)
  from due
  where account_calendar.organization_id = (select organization_id from sweep_context)
  and account_calendar.account_id = any (array(select account_id from due where not is_new and not is_gone))
  and (account_calendar.account_id, account_calendar.calendar_id) = (due.account_id, due.calendar_id)
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
select 'account_calendar', (select count(*) from inserted), (select count(*) from updated), (select count(*) from deleted)
returning what, added, changed, removed;
