-- What close-api.md knows of a document, and what no column takes. A value of an unexpected type stays whole in `other` and is told by
-- account_drift. The stored column `other` of account_history depends on other_of: a change to what other_of says, or to what account_field
-- knows, needs a numbered migration that makes that column anew (drop it, add it), or old rows keep what the function said before.

-- What close-api.md knows: for each field, by the path of what holds it, what fits. `spare` is known and has no column.
create or replace function account_field() returns jsonb
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

create or replace function json_fits(value jsonb, kind text) returns boolean
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

-- Paths of ours look like smtp.port and identities[].name. A top-level name that looks like one of them is quoted, so no two collide.
create or replace function is_path(name text) returns boolean
  language sql immutable parallel safe
begin atomic
  select name ~ '^("|(smtp|imap|default_identity)[.]|(identities|(synced|available)_calendars|(available|enabled)_features)\[\])';
end;
comment on function is_path(text) is 'Whether a top-level name looks like a path within a document, or like a quoted one';

-- What no column takes, value by value.
create or replace function account_leftover(document jsonb)
  returns table (path text, value jsonb, place bigint, is_listed boolean)
  language sql immutable parallel safe
begin atomic
  select
    case when is_path(name) then '"' || name || '"' else name end, value, 0::bigint, false
  from jsonb_each(json_map(document)) as field (name, value)
  where not json_fits(value, account_field() -> '' ->> name)
  union all
  select holder || '.' || name, value, 0, false
  from (values ('default_identity'), ('smtp'), ('imap')) as held (holder)
  cross join lateral jsonb_each(json_map(document -> holder)) as field (name, value)
  where not json_fits(value, account_field() -> holder ->> name)
  union all
  select list || '[]' || coalesce('.' || name, ''), coalesce(value, element), place, true
  from (
    select 'identities' as list, * from json_element(document -> 'identities', 'email', 'name')
    union all
    select 'available_calendars', * from json_element(document -> 'available_calendars', 'id', null)
  ) as listed
  left join lateral jsonb_each(case when is_row then element end) as field (name, value) on true
  where is_whole
  or name is not null and not json_fits(value, account_field() -> (list || '[]') ->> name)
  union all
  select list || '[]', element, place, true
  from (values ('synced_calendars'), ('available_features'), ('enabled_features')) as held (list)
  cross join lateral json_word(document -> list)
  where word is null;
end;
comment on function account_leftover(jsonb) is 'What no column takes of a document, value by value';

-- Nearly every account is of the kinds that close-api.md knows and of nothing else, and saying so costs a fraction of going through it
-- value by value. True only where account_leftover finds nothing but receive_attempts_count; false says nothing. The next two say once
-- per plan, as constants, what account_field says.
create or replace function account_names(holder text) returns text[]
  language sql immutable parallel safe
begin atomic
  select array_agg(name)
  from jsonb_object_keys(account_field() -> holder) as name;
end;
comment on function account_names(text) is 'The names closesyncd knows under the path of what holds them';

create or replace function plain_fields() returns text[]
  language sql immutable parallel safe
begin atomic
  select array_agg(name)
  from jsonb_each_text(account_field() -> '') as field (name, kind)
  where kind in ('text', 'time', 'flag', 'spare');
end;
comment on function plain_fields() is 'The top-level fields that are neither lists nor objects, as closesyncd knows them';

-- Types are asked for by .type(), which looks at a list as such; everything else here would look at its elements instead.
create or replace function account_types() returns jsonpath
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

create or replace function account_is_plain(document jsonb) returns boolean
  language plpgsql immutable strict parallel safe
  set search_path from current
as $$
declare
  smtp jsonb := document -> 'smtp';
  imap jsonb := document -> 'imap';
  created text;
  sends_since text;
  receives_since text;
  suggested text;
  list jsonb;
  element jsonb;
  id text;
  ids text[] := '{}';
begin
  if not json_has_only(document, account_names(''))
    or (document @@ account_types()) is not true
    or not json_has_only(document -> 'default_identity', account_names('default_identity'))
    or not json_has_only(smtp, account_names('smtp'))
    or not json_has_only(imap, account_names('imap'))
    or not json_is_short(document -> 'synced_calendars')
    or not json_is_short(document -> 'available_features')
    or not json_is_short(document -> 'enabled_features')
  then
    return false;
  end if;
  created := document ->> 'date_created';
  sends_since := smtp ->> 'date_updated';
  receives_since := imap ->> 'date_updated';
  suggested := document ->> 'lead_suggestions_updated_at';
  if created is not null and close_timestamp(created) is null
    or sends_since is distinct from created and sends_since is not null and close_timestamp(sends_since) is null -- mail servers mostly come with the account
    or receives_since is distinct from sends_since and receives_since is not null and close_timestamp(receives_since) is null
    or suggested is distinct from created and suggested is not null and close_timestamp(suggested) is null
  then
    return false;
  end if;
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
    id := element ->> 'id';
    if not json_has_only(element, account_names('available_calendars[]'))
      or (octet_length(id) <= 500) is not true
      or id = any (ids)
    then
      return false;
    end if;
    ids := ids || id;
  end loop;
  return true;
end
$$;
comment on function account_is_plain(jsonb) is 'Whether close-api.md knows all of a document, by a quick look; false says nothing';

create or replace function account_other(document jsonb)
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

-- An account with fields that Close made since is plain but for these.
create or replace function other_of(document jsonb) returns jsonb
  language plpgsql immutable strict parallel safe
  set search_path from current
as $$
declare
  unknown jsonb := '{}';
begin
  if not account_is_plain(document) then
    unknown := case jsonb_typeof(document) when 'object' then document - account_names('') end;
    if unknown <> '{}' and not exists (select from jsonb_object_keys(unknown) as name where is_path(name)) then
      document := (
        select coalesce(jsonb_object_agg(name, document -> name), '{}')
        from unnest(account_names('')) as name
        where document ? name);
    else
      unknown := '{}';
    end if;
    if unknown = '{}' or not account_is_plain(document) then
      return (select left_over.other || unknown from account_other(document) as left_over);
    end if;
  end if;
  return case
    when json_map(document) ? 'receive_attempts_count' then unknown || jsonb_build_object('receive_attempts_count', document -> 'receive_attempts_count')
    else unknown end;
end
$$;
comment on function other_of(jsonb) is 'Column other of account: what no column takes, by name or path; the same as account_other, sooner';

-- Every drift leaves its value in `other`, so an account whose `other` holds nothing else has none.
create or replace function other_drifts(other jsonb) returns boolean
  language sql immutable parallel safe
begin atomic
  select case
    when jsonb_typeof(other -> 'receive_attempts_count') in ('number', 'null') then other - 'receive_attempts_count' <> '{}'
    else other <> '{}'
  end;
end;
comment on function other_drifts(jsonb) is 'Whether column other holds anything close-api.md does not know';

-- `[]` in a path of ours: the values of a list. A key that is an address is told as …@…, for analysts read the table field_drift.
create or replace function other_drift(other jsonb)
  returns table (path text, json_type text)
  language sql immutable parallel safe
begin atomic
  select distinct
    case
      when field.path like '%@%'
      then regexp_replace(field.path, '^((smtp|imap|default_identity)[.]|(identities|available_calendars)\[\][.])?.*$', '\1…@…')
      when octet_length(field.path) <= 500 then field.path
      else left(field.path, 100) || '…' || md5(field.path)
    end,
    jsonb_typeof(element)
  from jsonb_each(json_map(other)) as field (path, value)
  cross join lateral jsonb_array_elements(
    case when field.path ~ '^(identities|(synced|available)_calendars|(available|enabled)_features)\[\]' then value
      else jsonb_build_array(value) end) as element
  where field.path <> 'receive_attempts_count'
  or jsonb_typeof(element) not in ('number', 'null');
end;
comment on function other_drift(jsonb) is 'Fields and types that close-api.md does not know, from column other';

create or replace function account_drift(document jsonb)
  returns table (path text, json_type text)
  language sql immutable parallel safe
begin atomic
  select drift.path, drift.json_type
  from account_other(document) as left_over
  cross join lateral other_drift(left_over.other) as drift;
end;
comment on function account_drift(jsonb) is 'Fields and types of a document that close-api.md does not know';
