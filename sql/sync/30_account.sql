-- Makes account say what the incoming documents say. A row that is equal is not touched, not even locked. A row that
-- differs in volatile fields alone waits for a change or a verifying sweep; one that differs in more, though nothing
-- changed at Close, was damaged (or a column is newer than it) and is repaired.
-- `offset 0`: look rows up one by one, by the key; statistics in the middle of a first fill would rather scan the table per batch.
-- `any (array(…))`: says nothing that the lines before it do not say, but a list is looked up by the key, where a join of a few rows
-- with the accounts of all organizations would read all of these.
with wanted as materialized (
  select context.organization_id, standing.account_id, shape.*, standing.other, standing.first_seen_at, standing.changed_at,
    standing.is_changed
  from sweep_context as context
  cross join standing
  cross join lateral account_columns(standing.document) as shape
), different as materialized (
  select
    wanted.*,
    account.account_id is null as is_new,
    account.account_id is not null
      and not wanted.is_changed
      and account_difference_fields(to_jsonb(account), to_jsonb(wanted)) <@ context.volatile_fields as is_volatile
  from wanted
  cross join sweep_context as context
  left join lateral (
    select account.*, wanted.is_changed
    from account
    where organization_id = wanted.organization_id
    and account_id = wanted.account_id
    and not context.is_first
    offset 0
  ) as account on true
  where account is distinct from wanted
), due as (
  select different.*
  from different, sweep_context as context
  where is_changed or context.verify or not is_volatile
), inserted as (
  insert into account (
    organization_id, account_id, type, user_id, email, date_created, default_identity_email, default_identity_name,
    send_status, receive_status, email_receive_status, calendar_receive_status, latest_send_error, latest_receive_error,
    is_imap_archive_sync_enabled, sync_all_calendars, has_meeting_creation_scopes, zoom_account_plan, calendly,
    lead_suggestions_updated_at, other, first_seen_at, changed_at)
  select
    organization_id, account_id, type, user_id, email, date_created, default_identity_email, default_identity_name,
    send_status, receive_status, email_receive_status, calendar_receive_status, latest_send_error, latest_receive_error,
    is_imap_archive_sync_enabled, sync_all_calendars, has_meeting_creation_scopes, zoom_account_plan, calendly,
    lead_suggestions_updated_at, other, first_seen_at, changed_at
  from due
  where is_new
  returning account_id
), updated as (
  update account
  set (type, user_id, email, date_created, default_identity_email, default_identity_name, send_status, receive_status,
    email_receive_status, calendar_receive_status, latest_send_error, latest_receive_error, is_imap_archive_sync_enabled,
    sync_all_calendars, has_meeting_creation_scopes, zoom_account_plan, calendly, lead_suggestions_updated_at, other,
    first_seen_at, changed_at) = row (
    due.type, due.user_id, due.email, due.date_created, due.default_identity_email, due.default_identity_name, due.send_status,
    due.receive_status, due.email_receive_status, due.calendar_receive_status, due.latest_send_error, due.latest_receive_error,
    due.is_imap_archive_sync_enabled, due.sync_all_calendars, due.has_meeting_creation_scopes, due.zoom_account_plan,
    due.calendly, due.lead_suggestions_updated_at, due.other, due.first_seen_at, due.changed_at)
  from due
  where account.organization_id = due.organization_id
  and account.account_id = due.account_id
  and not due.is_new
  and account.organization_id = (select organization_id from sweep_context)
  and account.account_id = any (array(select account_id from due where not is_new))
  returning due.account_id
), mended as (
  insert into written (what, account_id)
  select 'repaired', account_id
  from due
  where not is_changed
  and not is_volatile
)
insert into written (what, added, changed, removed)
select 'account', (select count(*) from inserted), (select count(*) from updated), 0
returning what, added, changed, removed;
