-- A document becomes columns here, and only here: applying, time travel, verification and re-shaping all call these.
-- Nothing is coerced and nothing raises, whatever jsonb comes: a value of another type is no value (NULL), stays whole
-- in `other` and is told by account_drift. All are single selects, so `cross join lateral` inlines them.

-- A time as Close writes it: a date, or date and time with up to nine digits of fraction and Z, an offset or none (UTC).
-- What is no such time is NULL: the pattern knows the calendar, so what it lets through cannot raise.
create function close_timestamp(value text) returns timestamptz
  language sql immutable parallel safe
begin atomic
  select case
    when value like '____-__-__T__:__:__.______+00:00' -- as nearly all are: a third of the cost
      and translate(value, '0123456789', '') = '--T::.+:'
      and value > '0001' collate "C"
      and substr(value, 6, 2) collate "C" between '01' and '12'
      and substr(value, 9, 2) collate "C" between '01' and '31'
      and (
        substr(value, 9, 2) collate "C" <= '28'
        or substr(value, 6, 5) not in ('02-29', '02-30', '02-31', '04-31', '06-31', '09-31', '11-31'))
      and substr(value, 12, 2) collate "C" <= '23'
      and substr(value, 15, 2) collate "C" <= '59'
      and substr(value, 18, 2) collate "C" <= '59'
    then make_timestamp(
        left(value, 4)::integer, substr(value, 6, 2)::integer, substr(value, 9, 2)::integer,
        substr(value, 12, 2)::integer, substr(value, 15, 2)::integer, substr(value, 18, 9)::double precision)
      at time zone 'UTC'
    when value ~ ('^[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])'
      || '(?:T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:[.][0-9]{1,9})?(?:Z|[+-](?:0[0-9]|1[0-5]):?[0-5][0-9])?)?$')
      and left(value, 4) <> '0000'
      and substr(value, 6, 5) not in ('02-30', '02-31', '04-31', '06-31', '09-31', '11-31')
      and (substr(value, 6, 5) <> '02-29' or value ~ '^(?:..(?:0[48]|[2468][048]|[13579][26])|(?:[02468][048]|[13579][26])00)')
    then make_timestamp(
        left(value, 4)::integer, substr(value, 6, 2)::integer, substr(value, 9, 2)::integer,
        ('0' || substr(value, 12, 2))::integer, ('0' || substr(value, 15, 2))::integer,
        ('0' || split_part(translate(substr(value, 18), '+-', 'ZZ'), 'Z', 1))::double precision)
      at time zone case ltrim(substr(value, 20), '.0123456789')
        when '' then interval '0'
        when 'Z' then interval '0'
        when '+00:00' then interval '0'
        else make_interval(
          hours => replace(ltrim(substr(value, 20), '.0123456789'), ':', '')::integer / 100,
          mins => replace(ltrim(substr(value, 20), '.0123456789'), ':', '')::integer % 100) end
  end;
end;
comment on function close_timestamp(text) is 'A time as Close writes it, NULL for anything else; never raises';

create function json_text(value jsonb) returns text
  language sql immutable parallel safe
begin atomic
  select case jsonb_typeof(value) when 'string' then value #>> '{}' end;
end;
comment on function json_text(jsonb) is 'The text of a JSON string, NULL for anything else';

create function json_boolean(value jsonb) returns boolean
  language sql immutable parallel safe
begin atomic
  select case jsonb_typeof(value) when 'boolean' then value::boolean end;
end;
comment on function json_boolean(jsonb) is 'The value of a JSON boolean, NULL for anything else';

create function json_port(value jsonb) returns integer
  language sql immutable parallel safe
begin atomic
  select case jsonb_typeof(value)
    when 'number' then case when value between '0' and '65535' and value::numeric = trunc(value::numeric) then value::integer end
  end;
end;
comment on function json_port(jsonb) is 'A whole number from 0 to 65535, NULL for anything else';

create function json_time(value jsonb) returns timestamptz
  language sql immutable parallel safe
begin atomic
  select close_timestamp(json_text(value));
end;
comment on function json_time(jsonb) is 'A JSON string that is a time as Close writes it, NULL for anything else';

create function json_list(value jsonb) returns jsonb
  language sql immutable parallel safe
begin atomic
  select case jsonb_typeof(value) when 'array' then value end;
end;
comment on function json_list(jsonb) is 'A JSON array, NULL for anything else';

create function json_map(value jsonb) returns jsonb
  language sql immutable parallel safe
begin atomic
  select case jsonb_typeof(value) when 'object' then value end;
end;
comment on function json_map(jsonb) is 'A JSON object, NULL for anything else';

-- Below, `offset 0` keeps an expression from being copied into each place that names it: a time is looked at a dozen times.

-- What close-api.md knows: for each field, by the path of what holds it, what fits. `spare` is known and has no column.
create function account_field() returns jsonb
  language sql immutable parallel safe
begin atomic
  select '{
    "": {
      "_type": "text", "id": "text", "organization_id": "text", "user_id": "text", "email": "text", "date_created": "time",
      "identities": "list", "default_identity": "object", "smtp": "object", "imap": "object",
      "available_features": "list", "enabled_features": "list",
      "send_status": "text", "receive_status": "text", "email_receive_status": "text", "calendar_receive_status": "text",
      "latest_send_error": "text", "latest_receive_error": "text", "receive_attempts_count": "spare",
      "lead_suggestions_updated_at": "time", "is_imap_archive_sync_enabled": "flag", "has_meeting_creation_scopes": "flag",
      "sync_all_calendars": "flag", "synced_calendars": "list", "available_calendars": "list",
      "zoom_account_plan": "text", "calendly": "any"
    },
    "default_identity": {"email": "text", "name": "text"},
    "smtp": {"host": "text", "port": "port", "use_ssl": "flag", "username": "text", "date_updated": "time"},
    "imap": {"host": "text", "port": "port", "use_ssl": "flag", "username": "text", "date_updated": "time"},
    "identities[]": {"email": "text", "name": "text"},
    "available_calendars[]": {"id": "text", "name": "text", "status": "text", "default": "flag", "synced": "flag"}
  }'::jsonb;
end;
comment on function account_field() is 'The fields closesyncd knows and what fits them, by the path of what holds them';

create function json_fits(value jsonb, kind text) returns boolean
  language sql immutable parallel safe
begin atomic
  select case kind
    when 'text' then jsonb_typeof(value) in ('string', 'null')
    when 'flag' then jsonb_typeof(value) in ('boolean', 'null')
    when 'list' then jsonb_typeof(value) in ('array', 'null')
    when 'object' then jsonb_typeof(value) in ('object', 'null')
    when 'time' then jsonb_typeof(value) = 'null' or json_time(value) is not null
    when 'port' then jsonb_typeof(value) = 'null' or json_port(value) is not null
    when 'any' then true
    else false
  end;
end;
comment on function json_fits(jsonb, text) is 'Whether a column (or rows) can take the value; null fits every known field';

-- The objects of a list under a key of one or two texts. is_row: makes the row of its key (the first of that key).
-- is_whole: makes no row and nothing else can say it: no object, a key too long for an index, or another content under
-- a key already taken. Equal elements are one, and neither.
create function json_element(list jsonb, first_name text, second_name text)
  returns table (element jsonb, place bigint, first_key text, second_key text, is_row boolean, is_whole boolean)
  language sql immutable parallel safe
begin atomic
  select
    element, place, first_key, second_key,
    fits and place = first_value(place) over same,
    not fits or element <> first_value(element) over same
  from (
    select element, place, first_key, second_key, jsonb_typeof(element) = 'object' and octet_length(first_key || second_key) <= 500 as fits
    from (
      select element, place, coalesce(json_text(first_said), '') as first_key, coalesce(json_text(second_said), '') as second_key
      from (
        select element, place, element -> first_name as first_said, element -> second_name as second_said
        from jsonb_array_elements(json_list(list)) with ordinality as entry (element, place)
        offset 0
      ) as named
      offset 0
    ) as keyed
  ) as fitting
  window same as (partition by fits, first_key, second_key order by place);
end;
comment on function json_element(jsonb, text, text) is 'The objects of a list, which of them make rows, and which must be kept whole';

-- The words of a list of strings; no word: not a string, or too long for an index.
create function json_word(list jsonb)
  returns table (element jsonb, place bigint, word text)
  language sql immutable parallel safe
begin atomic
  select element, place, case when octet_length(json_text(element)) <= 500 then json_text(element) end
  from jsonb_array_elements(json_list(list)) with ordinality as entry (element, place);
end;
comment on function json_word(jsonb) is 'The strings of a list, NULL for what is none or over 500 bytes';

-- What no column takes, value by value. A top-level name that looks like one of our paths is quoted, so no two collide.
create function account_leftover(document jsonb)
  returns table (path text, value jsonb, place bigint, is_listed boolean, is_drift boolean)
  language sql immutable parallel safe
begin atomic
  select
    case when name ~ '^("|(smtp|imap|default_identity)[.]|(identities|(synced|available)_calendars|(available|enabled)_features)\[\])'
      then '"' || name || '"' else name end,
    value, 0::bigint, false,
    account_field() -> '' ->> name is distinct from 'spare' or jsonb_typeof(value) not in ('number', 'null')
  from jsonb_each(json_map(document)) as field (name, value)
  where not json_fits(value, account_field() -> '' ->> name)
  union all
  select holder || '.' || name, value, 0, false, true
  from (values ('default_identity'), ('smtp'), ('imap')) as held (holder)
  cross join lateral jsonb_each(json_map(document -> holder)) as field (name, value)
  where not json_fits(value, account_field() -> holder ->> name)
  union all
  select list || '[]' || coalesce('.' || name, ''), coalesce(value, element), place, true, true
  from (
    select 'identities' as list, * from json_element(document -> 'identities', 'email', 'name')
    union all
    select 'available_calendars', * from json_element(document -> 'available_calendars', 'id', null)
  ) as listed
  left join lateral jsonb_each(case when is_row then element end) as field (name, value) on true
  where is_whole
  or name is not null and not json_fits(value, account_field() -> (list || '[]') ->> name)
  union all
  select list || '[]', element, place, true, true
  from (values ('synced_calendars'), ('available_features'), ('enabled_features')) as held (list)
  cross join lateral json_word(document -> list)
  where word is null;
end;
comment on function account_leftover(jsonb) is 'What no column takes of a document, value by value, and whether close-api.md knows it';

-- Nearly every account is of the kinds that close-api.md knows and of nothing else, and saying so costs a fraction of going through it
-- value by value. True only where account_leftover finds nothing but receive_attempts_count; false says nothing. The next two say once
-- per plan, as constants, what account_field says.
create function account_names(holder text) returns text[]
  language sql immutable parallel safe
begin atomic
  select array_agg(name)
  from jsonb_object_keys(account_field() -> holder) as name;
end;
comment on function account_names(text) is 'The names closesyncd knows under the path of what holds them';

-- Types are asked for by .type(), which looks at a list as such; everything else here would look at its elements instead.
create function account_types() returns jsonpath
  language sql immutable parallel safe
begin atomic
  select string_agg(format('!exists(%s ? (%s))', place, unlike), ' && ')::jsonpath
  from (
    select '$' || case holder when '' then '' else '.' || replace(holder, '[]', '[*]') end, string_agg(format(unlike, name, type), ' || ')
    from jsonb_each(account_field()) as held (holder, fields)
    cross join lateral jsonb_each_text(fields) as known (name, kind)
    join (
      values
        ('text', 'string'), ('time', 'string'), ('flag', 'boolean'), ('object', 'object'), ('list', 'array'), ('port', 'number'),
        ('spare', 'number')
    ) as fitting (kind, type) using (kind)
    cross join lateral (
      select '@.%1$s.type() != "%2$s" && @.%1$s.type() != "null"'
      union all
      select '@.%1$s < 0 || @.%1$s > 65535 || @.%1$s %% 1 != 0' where kind = 'port'
      union all
      select format('@.%%1$s.type() == "array" && @.%%1$s[*].type() != "%s"', case when account_field() ? (name || '[]') then 'object' else 'string' end)
      where kind = 'list'
    ) as each_one (unlike)
    group by holder
  ) as part (place, unlike);
end;
comment on function account_types() is 'What holds where every known field is of its type, null or absent';

create function json_has_only(value jsonb, names text[]) returns boolean
  language sql immutable parallel safe
begin atomic
  select coalesce(case jsonb_typeof(value) when 'object' then value - names = '{}' end, true);
end;
comment on function json_has_only(jsonb, text[]) is 'Whether an object has no other names than these; true for anything else';

create function json_is_short(value jsonb) returns boolean
  language sql immutable parallel safe
begin atomic
  select octet_length(value::text) <= 500 is not false;
end;
comment on function json_is_short(jsonb) is 'Whether no text in a value can be over 500 bytes; false says nothing';

create function account_is_plain(document jsonb) returns boolean
  language plpgsql immutable parallel safe
  set search_path from current
as $$
declare
  default_identity jsonb := document -> 'default_identity';
  smtp jsonb := document -> 'smtp';
  imap jsonb := document -> 'imap';
  said text;
  said_before text;
  list jsonb;
  element jsonb;
  ids jsonb := '[]';
begin
  if (document @@ account_types()) is not true
    or not json_has_only(document, account_names(''))
    or not json_has_only(default_identity, account_names('default_identity'))
    or not json_has_only(smtp, account_names('smtp'))
    or not json_has_only(imap, account_names('imap'))
    or not json_is_short(document -> 'synced_calendars')
    or not json_is_short(document -> 'available_features')
    or not json_is_short(document -> 'enabled_features')
  then
    return false;
  end if;
  foreach said in array array[
    document ->> 'date_created', smtp ->> 'date_updated', imap ->> 'date_updated', document ->> 'lead_suggestions_updated_at']
  loop
    continue when said is null or said = said_before; -- mail servers mostly come with the account
    if close_timestamp(said) is null then
      return false;
    end if;
    said_before := said;
  end loop;
  list := json_list(document -> 'identities');
  for place in 0 .. coalesce(jsonb_array_length(list), 0) - 1 loop
    element := list -> place;
    if not json_has_only(element, account_names('identities[]'))
      or (octet_length(element ->> 'email') + octet_length(element ->> 'name') <= 500) is not true -- both are there, so equal keys are equal elements
    then
      return false;
    end if;
  end loop;
  list := json_list(document -> 'available_calendars');
  if jsonb_array_length(list) > 100 then -- each is looked for among those before it
    return false;
  end if;
  for place in 0 .. coalesce(jsonb_array_length(list), 0) - 1 loop
    element := list -> place;
    if not json_has_only(element, account_names('available_calendars[]'))
      or (octet_length(element ->> 'id') <= 500) is not true
      or ids ? (element ->> 'id')
    then
      return false;
    end if;
    ids := ids || (element -> 'id');
  end loop;
  return true;
end
$$;
comment on function account_is_plain(jsonb) is 'Whether close-api.md knows all of a document, by a quick look; false says nothing';

create function account_other(document jsonb)
  returns table (other jsonb)
  language sql immutable parallel safe
begin atomic
  select coalesce(jsonb_object_agg(path, value), '{}')
  from (
    select path, case when is_listed then jsonb_agg(value order by place) else jsonb_agg(value) -> 0 end
    from (
      select path, is_listed, value, min(place)
      from account_leftover(document)
      group by path, is_listed, value
    ) as each_once (path, is_listed, value, place)
    group by path, is_listed
  ) as by_path (path, value);
end;
comment on function account_other(jsonb) is 'What no column takes of a document, by name or path';

create function other_of(document jsonb) returns jsonb
  language plpgsql immutable strict parallel safe
  set search_path from current
as $$
begin
  if not account_is_plain(document) then
    return (select left_over.other from account_other(document) as left_over);
  elsif json_map(document) ? 'receive_attempts_count' then
    return jsonb_build_object('receive_attempts_count', document -> 'receive_attempts_count');
  end if;
  return '{}';
end
$$;
comment on function other_of(jsonb) is 'Column other of account: what no column takes, by name or path; the same as account_other, sooner';

-- Every drift leaves its value in `other`, so an account whose `other` holds nothing else has none.
create function other_drifts(other jsonb) returns boolean
  language sql immutable parallel safe
begin atomic
  select case
    when jsonb_typeof(other -> 'receive_attempts_count') in ('number', 'null') then other - 'receive_attempts_count' <> '{}'
    else other <> '{}'
  end;
end;
comment on function other_drifts(jsonb) is 'Whether column other holds anything close-api.md does not know';

create function account_drift(document jsonb)
  returns table (path text, json_type text)
  language sql immutable parallel safe
begin atomic
  select distinct
    case when octet_length(path) <= 500 then path else left(path, 100) || '…' || md5(path) end,
    jsonb_typeof(value)
  from account_leftover(document)
  where is_drift;
end;
comment on function account_drift(jsonb) is 'Fields and types of a document that close-api.md does not know';

create function account_columns(document jsonb)
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

create function account_shape(document jsonb)
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

create function account_identity_shape(document jsonb)
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

create function account_mail_server_shape(document jsonb)
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

create function account_calendar_shape(document jsonb)
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

create function account_feature_shape(document jsonb)
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

-- Of all columns `other` costs the most, so it is remembered beside the document; the rest of the row is made from the document when asked
-- for. A migration that teaches account_field a field makes this column anew.
alter table account_history add column other jsonb generated always as (other_of(document)) stored;
comment on column account_history.other is 'From the document: what no column of account takes; NULL when removed';
