-- A document becomes columns here, and only here: applying, time travel, verification and re-shaping all call these. Each is a single select,
-- so that `cross join lateral` inlines it. `offset 0` as in 10_json.

create or replace function account_columns(document jsonb)
  returns table (
    type text, user_id text, email text, date_created timestamptz, default_identity_email text, default_identity_name text,
    send_status text, receive_status text, email_receive_status text, calendar_receive_status text,
    latest_send_error text, latest_receive_error text, is_imap_archive_sync_enabled boolean, sync_all_calendars boolean,
    has_meeting_creation_scopes boolean, zoom_account_plan text, calendly jsonb, lead_suggestions_updated_at timestamptz)
  language sql immutable parallel safe
begin atomic
  select
    json_text(said.type),
    json_text(said.user_id),
    json_text(said.email),
    close_timestamp(said.created),
    json_text(said.default_identity_email),
    json_text(said.default_identity_name),
    json_text(said.send_status),
    json_text(said.receive_status),
    json_text(said.email_receive_status),
    json_text(said.calendar_receive_status),
    json_text(said.latest_send_error),
    json_text(said.latest_receive_error),
    json_boolean(said.is_imap_archive_sync_enabled),
    json_boolean(said.sync_all_calendars),
    json_boolean(said.has_meeting_creation_scopes),
    json_text(said.zoom_account_plan),
    nullif(said.calendly, 'null'),
    close_timestamp(said.suggested)
  from (
    select
      document -> '_type' as type, document -> 'user_id' as user_id, document -> 'email' as email,
      json_text(held.created) as created,
      document -> 'default_identity' -> 'email' as default_identity_email,
      document -> 'default_identity' -> 'name' as default_identity_name,
      document -> 'send_status' as send_status, document -> 'receive_status' as receive_status,
      document -> 'email_receive_status' as email_receive_status, document -> 'calendar_receive_status' as calendar_receive_status,
      document -> 'latest_send_error' as latest_send_error, document -> 'latest_receive_error' as latest_receive_error,
      document -> 'is_imap_archive_sync_enabled' as is_imap_archive_sync_enabled,
      document -> 'sync_all_calendars' as sync_all_calendars,
      document -> 'has_meeting_creation_scopes' as has_meeting_creation_scopes,
      document -> 'zoom_account_plan' as zoom_account_plan, document -> 'calendly' as calendly,
      json_text(held.suggested) as suggested
    from (
      select document -> 'date_created' as created, document -> 'lead_suggestions_updated_at' as suggested
      offset 0
    ) as held
    offset 0
  ) as said;
end;
comment on function account_columns(jsonb) is 'The columns of account from the document, but for other';

create or replace function account_shape(document jsonb)
  returns table (
    type text, user_id text, email text, date_created timestamptz, default_identity_email text, default_identity_name text,
    send_status text, receive_status text, email_receive_status text, calendar_receive_status text,
    latest_send_error text, latest_receive_error text, is_imap_archive_sync_enabled boolean, sync_all_calendars boolean,
    has_meeting_creation_scopes boolean, zoom_account_plan text, calendly jsonb, lead_suggestions_updated_at timestamptz, other jsonb)
  language sql immutable parallel safe
begin atomic
  select shape.*, other_of(document)
  from account_columns(document) as shape;
end;
comment on function account_shape(jsonb) is 'The columns of account, from the document';

create or replace function account_identity_shape(document jsonb)
  returns table (email text, name text, is_default boolean)
  language sql immutable parallel safe
begin atomic
  select
    first_key, second_key,
    jsonb_typeof(held.default_identity) is not distinct from 'object'
      and first_key = coalesce(json_text(held.default_identity -> 'email'), '')
      and second_key = coalesce(json_text(held.default_identity -> 'name'), '')
  from (
    select document -> 'identities' as identities, document -> 'default_identity' as default_identity
    offset 0
  ) as held
  cross join lateral json_element(held.identities, 'email', 'name')
  where is_row;
end;
comment on function account_identity_shape(jsonb) is 'The rows of account_identity, from the document';

create or replace function account_mail_server_shape(document jsonb)
  returns table (protocol text, host text, port integer, use_ssl boolean, username text, date_updated timestamptz)
  language sql immutable parallel safe
begin atomic
  select protocol, json_text(host), json_port(port), json_boolean(use_ssl), json_text(username), close_timestamp(date_updated)
  from (
    select
      protocol, server -> 'host' as host, server -> 'port' as port, server -> 'use_ssl' as use_ssl, server -> 'username' as username,
      json_text(server -> 'date_updated') as date_updated
    from (
      select protocol, document -> protocol as server
      from (values ('smtp'), ('imap')) as known (protocol)
      offset 0
    ) as held
    where jsonb_typeof(server) = 'object'
    offset 0
  ) as said;
end;
comment on function account_mail_server_shape(jsonb) is 'The rows of account_mail_server, from the document';

create or replace function account_calendar_shape(document jsonb)
  returns table (calendar_id text, name text, status text, is_default boolean, is_available boolean, is_synced boolean)
  language sql immutable parallel safe
begin atomic
  select
    calendar_id, json_text(name), json_text(status), json_boolean(is_default), is_available,
    case jsonb_typeof(held.synced) when 'array' then is_listed else json_boolean(is_synced) end
  from (
    select document -> 'available_calendars' as available, document -> 'synced_calendars' as synced
    offset 0
  ) as held
  cross join lateral (
    select
      calendar_id, element -> 'name' as name, element -> 'status' as status, element -> 'default' as is_default,
      element -> 'synced' as is_synced, element is not null as is_available, word is not null as is_listed
    from (
      select first_key as calendar_id, element
      from json_element(held.available, 'id', null)
      where is_row
    ) as available
    full join (
      select distinct word as calendar_id, word
      from json_word(held.synced)
      where word is not null
    ) as synced using (calendar_id)
    offset 0
  ) as calendar;
end;
comment on function account_calendar_shape(jsonb) is 'The rows of account_calendar, from the document';

create or replace function account_feature_shape(document jsonb)
  returns table (feature text, is_available boolean, is_enabled boolean)
  language sql immutable parallel safe
begin atomic
  select feature.*
  from (
    select document -> 'available_features' as available, document -> 'enabled_features' as enabled
    offset 0
  ) as held
  cross join lateral ( -- accounts have the same few lists, and the planner may remember what they came to
    select word, bool_or(is_available), bool_or(not is_available)
    from (
      select word, true as is_available
      from json_word(held.available)
      union all
      select word, false
      from json_word(held.enabled)
    ) as listed
    where word is not null
    group by word
  ) as feature;
end;
comment on function account_feature_shape(jsonb) is 'The rows of account_feature, from the document';
