create table account (
  organization_id              text not null,
  account_id                   text not null,
  type                         text,
  user_id                      text,
  email                        text,
  date_created                 timestamptz,
  default_identity_email       text,
  default_identity_name        text,
  send_status                  text,
  receive_status               text,
  email_receive_status         text,
  calendar_receive_status      text,
  latest_send_error            text,
  latest_receive_error         text,
  is_imap_archive_sync_enabled boolean,
  sync_all_calendars           boolean,
  has_meeting_creation_scopes  boolean,
  zoom_account_plan            text,
  calendly                     jsonb,
  lead_suggestions_updated_at  timestamptz,
  other                        jsonb not null default '{}',
  first_seen_at                timestamptz not null,
  changed_at                   timestamptz not null,
  primary key (organization_id, account_id)
);
comment on table account is 'The connected accounts Close has now, one row each; a removed account is in account_history only';
comment on column account.organization_id is 'The organization it was listed in';
comment on column account.account_id is 'Close''s id of the account (emailacct_…)';
comment on column account.type is 'Close''s _type: google, microsoft, custom_email, zoom, calendly, or what comes next';
comment on column account.user_id is 'Owner (user_…); may have left the organization';
comment on column account.email is 'Address of the account';
comment on column account.date_created is 'When Close says it was connected';
comment on column account.default_identity_email is 'Address of the default identity';
comment on column account.default_identity_name is 'Display name of the default identity';
comment on column account.send_status is 'Close''s word on sending: ok, error, initial, …';
comment on column account.receive_status is 'Close''s word on receiving, mail and calendar together';
comment on column account.email_receive_status is 'Close''s word on receiving mail';
comment on column account.calendar_receive_status is 'Close''s word on receiving calendars';
comment on column account.latest_send_error is 'Text of the last error in sending; may be NULL though the status is error';
comment on column account.latest_receive_error is 'Text of the last error in receiving; may be NULL though the status is error';
comment on column account.is_imap_archive_sync_enabled is 'Whether the mail archive is synced too';
comment on column account.sync_all_calendars is 'Whether every calendar is synced; NULL for types without calendars';
comment on column account.has_meeting_creation_scopes is 'Whether Close may create meetings';
comment on column account.zoom_account_plan is 'Plan of a Zoom account';
comment on column account.calendly is 'What Close says about a Calendly account, as it says it';
comment on column account.lead_suggestions_updated_at is 'When lead suggestions were computed; volatile: current as of the account''s last change or the last verifying sweep';
comment on column account.other is 'What no column takes, by top-level name or path (smtp.foo); below a path with [] an array of the values; {} when there is nothing';
comment on column account.first_seen_at is 'observed_at of the history row that added it (of the present stay)';
comment on column account.changed_at is 'observed_at of its newest history row that states a change at Close (is not rescoped)';
