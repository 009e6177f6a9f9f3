-- The flat table that tests/bench/rival keeps.
create table connected_account (
  id                           text primary key,
  organization_id              text not null,
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
  zoom_account_plan            text,
  raw                          jsonb not null
);
