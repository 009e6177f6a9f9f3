-- One row per account there is now, with its owner, its health and since when it is broken. What was not asked for
-- (sync.exclude_fields) is NULL and not zero.
create or replace view account_overview with (security_invoker = true) as
select
  account.organization_id, organization.name as organization, account.account_id, account.type, account.email, account.user_id,
  member.full_name as owner_name, member.email as owner_email, member.is_active as owner_is_active,
  account.send_status, account.receive_status, account.email_receive_status, account.calendar_receive_status,
  coalesce(
    'error' in (coalesce(account.send_status, ''), coalesce(account.receive_status, ''), coalesce(account.email_receive_status, ''),
      coalesce(account.calendar_receive_status, '')), false) as is_broken,
  outage.began_after as broken_after, outage.began_at as broken_since,
  account.latest_send_error, account.latest_receive_error,
  case
    when not 'identities' = any (taken.excluded_fields)
    then (
      select count(*)
      from account_identity
      where account_identity.organization_id = account.organization_id
      and account_identity.account_id = account.account_id)
  end as identities,
  case when not 'available_calendars' = any (taken.excluded_fields) then calendar.available end as calendars,
  case when not taken.excluded_fields @> array['synced_calendars', 'available_calendars'] then calendar.synced end as calendars_synced,
  smtp.host as smtp_host, imap.host as imap_host,
  account.date_created, account.first_seen_at, account.changed_at
from account
join organization on organization.organization_id = account.organization_id
left join account_digest
  on account_digest.organization_id = account.organization_id
  and account_digest.account_id = account.account_id
cross join lateral (
  select coalesce(account_digest.excluded_fields, organization.excluded_fields, '{}') as excluded_fields
) as taken
left join member on member.organization_id = account.organization_id and member.user_id = account.user_id
left join account_mail_server as smtp
  on smtp.organization_id = account.organization_id
  and smtp.account_id = account.account_id
  and smtp.protocol = 'smtp'
left join account_mail_server as imap
  on imap.organization_id = account.organization_id
  and imap.account_id = account.account_id
  and imap.protocol = 'imap'
left join lateral (
  select
    count(*) filter (where account_calendar.is_available) as available,
    count(*) filter (where account_calendar.is_synced) as synced
  from account_calendar
  where account_calendar.organization_id = account.organization_id
  and account_calendar.account_id = account.account_id
) as calendar on true
left join lateral (
  select account_outage.began_after, account_outage.began_at
  from account_outage
  where account_outage.organization_id = account.organization_id
  and account_outage.account_id = account.account_id
  and account_outage.is_open
  and 'error' in (coalesce(account.send_status, ''), coalesce(account.receive_status, ''), coalesce(account.email_receive_status, ''),
    coalesce(account.calendar_receive_status, ''))
  order by account_outage.began_at
  limit 1
) as outage on true;
comment on view account_overview is 'One row per account there is now: whose it is, how it fares, since when it is broken';
comment on column account_overview.organization_id is 'The organization';
comment on column account_overview.organization is 'NAME of the organization in the configuration';
comment on column account_overview.account_id is 'The account';
comment on column account_overview.type is 'Close''s _type: google, microsoft, custom_email, zoom, calendly, …';
comment on column account_overview.email is 'The account''s address';
comment on column account_overview.user_id is 'The owner''s id';
comment on column account_overview.owner_name is 'The owner''s name; NULL where table member does not know it';
comment on column account_overview.owner_email is 'The owner''s address; NULL where table member does not know it';
comment on column account_overview.owner_is_active is 'The owner is a member; false: left; NULL: not known';
comment on column account_overview.send_status is 'ok, error, or another word of Close';
comment on column account_overview.receive_status is 'ok, error, or another word of Close';
comment on column account_overview.email_receive_status is 'ok, error, or another word of Close';
comment on column account_overview.calendar_receive_status is 'ok, error, or another word of Close';
comment on column account_overview.is_broken is 'Any of the four is error';
comment on column account_overview.broken_after is 'Of its earliest open outage: it began after this time; NULL: before anybody looked';
comment on column account_overview.broken_since is 'Of its earliest open outage: it was first seen at this time';
comment on column account_overview.latest_send_error is 'Close''s text; may be NULL although send_status is error';
comment on column account_overview.latest_receive_error is 'Close''s text; may be NULL although receive_status is error';
comment on column account_overview.identities is 'How many addresses it can send as; NULL: not asked for';
comment on column account_overview.calendars is 'How many calendars it has; NULL: not asked for';
comment on column account_overview.calendars_synced is 'How many of them are synced; NULL: not asked for';
comment on column account_overview.smtp_host is 'Server it sends through';
comment on column account_overview.imap_host is 'Server it receives from';
comment on column account_overview.date_created is 'When it was connected, as Close says';
comment on column account_overview.first_seen_at is 'When it was first seen in its present stay';
comment on column account_overview.changed_at is 'When its newest change was seen';
