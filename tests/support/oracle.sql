-- What the mirror must hold, computed from what Close said, by code that shares nothing with the product: it knows the
-- contract's tables and close-api.md's fields, nothing of sql/. Temporary objects only.
-- oracle.c fills said with the accounts, canonical, and compares expected with actual. Elements whose key is too long or
-- whose key has two contents are compared by the rows they may not make, and "other" is not compared for their accounts.

create temp table if not exists said (organization_id text, account_id text, d jsonb);
truncate said;

create or replace function pg_temp.canonical(value jsonb) returns jsonb language plpgsql immutable as $$
declare
  secret constant text := 'password|passwd|secret|token|credential|api_key|apikey|private_key';
begin
  case jsonb_typeof(value)
    when 'object' then
      return coalesce((
        select jsonb_object_agg(m.key, case when m.key ~* secret and jsonb_typeof(m.value) <> 'null'
                                            then '"[redacted]"' else pg_temp.canonical(m.value) end)
        from jsonb_each(value) m), '{}');
    when 'array' then
      return coalesce((
        select jsonb_agg(e.value order by e.value::text collate "C")
        from (select pg_temp.canonical(a.value) as value from jsonb_array_elements(value) a offset 0) e), '[]'); -- once each
    when 'number' then
      return to_jsonb(trim_scale(value::numeric));
    else
      return value;
  end case;
end $$;

-- What of a document is asked for where these fields are excluded.
create or replace function pg_temp.asked(document jsonb, excluded text[]) returns jsonb language sql immutable as $$
  select case when coalesce(excluded, '{}') = '{}' then document else (
    select jsonb_object_agg(key, value)
    from jsonb_each(document)
    where key <> all (excluded) and key = any (string_to_array(
      '_type,id,organization_id,user_id,email,date_created,identities,default_identity,smtp,imap,available_features,'
      'enabled_features,send_status,receive_status,email_receive_status,calendar_receive_status,latest_send_error,'
      'latest_receive_error,lead_suggestions_updated_at,is_imap_archive_sync_enabled,sync_all_calendars,synced_calendars,'
      'available_calendars,zoom_account_plan,calendly,has_meeting_creation_scopes', ','))) end $$;

-- A moment as Close writes it, NULL when it is none.
create or replace function pg_temp.moment(value jsonb) returns timestamptz language plpgsql stable as $$
begin
  if jsonb_typeof(value) = 'string' and value #>> '{}' ~
     '^\d{4}-\d\d-\d\d(T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,9})?(Z|[+-](0\d|1[0-5]):?[0-5]\d)?)?$' then
    return (value #>> '{}')::timestamptz;
  end if;
  return null;
exception when others then
  return null;
end $$;

create or replace function pg_temp.string(value jsonb) returns text language sql immutable as
  $$ select value #>> '{}' where jsonb_typeof(value) = 'string' $$;

create or replace function pg_temp.truth_value(value jsonb) returns boolean language sql immutable as
  $$ select value::boolean where jsonb_typeof(value) = 'boolean' $$;

create or replace function pg_temp.port(value jsonb) returns integer language sql immutable as $$
  select case when jsonb_typeof(value) = 'number' and value::numeric = trunc(value::numeric)
               and value::numeric between 0 and 65535 then value::numeric::integer end $$;

create or replace function pg_temp.list(value jsonb) returns setof jsonb language sql immutable as
  $$ select jsonb_array_elements(case jsonb_typeof(value) when 'array' then value else '[]' end) $$;

-- The members of an object; none of anything else.
create or replace function pg_temp.members(value jsonb) returns table (name text, member jsonb) language sql immutable as
  $$ select * from jsonb_each(case jsonb_typeof(value) when 'object' then value else '{}' end) $$;

create or replace temp view expected_account as
select organization_id, account_id,
  pg_temp.string(d -> '_type') as type, pg_temp.string(d -> 'user_id') as user_id, pg_temp.string(d -> 'email') as email,
  pg_temp.moment(d -> 'date_created') as date_created,
  pg_temp.string(d #> '{default_identity,email}') as default_identity_email,
  pg_temp.string(d #> '{default_identity,name}') as default_identity_name,
  pg_temp.string(d -> 'send_status') as send_status, pg_temp.string(d -> 'receive_status') as receive_status,
  pg_temp.string(d -> 'email_receive_status') as email_receive_status,
  pg_temp.string(d -> 'calendar_receive_status') as calendar_receive_status,
  pg_temp.string(d -> 'latest_send_error') as latest_send_error,
  pg_temp.string(d -> 'latest_receive_error') as latest_receive_error,
  pg_temp.truth_value(d -> 'is_imap_archive_sync_enabled') as is_imap_archive_sync_enabled,
  pg_temp.truth_value(d -> 'sync_all_calendars') as sync_all_calendars,
  pg_temp.truth_value(d -> 'has_meeting_creation_scopes') as has_meeting_creation_scopes,
  pg_temp.string(d -> 'zoom_account_plan') as zoom_account_plan, nullif(d -> 'calendly', 'null') as calendly
from said;

create or replace temp view expected_identity as
select distinct organization_id, account_id,
  coalesce(pg_temp.string(e -> 'email'), '') as email, coalesce(pg_temp.string(e -> 'name'), '') as name,
  coalesce(jsonb_typeof(d -> 'default_identity') = 'object'
    and coalesce(pg_temp.string(d #> '{default_identity,email}'), '') = coalesce(pg_temp.string(e -> 'email'), '')
    and coalesce(pg_temp.string(d #> '{default_identity,name}'), '') = coalesce(pg_temp.string(e -> 'name'), ''),
    false) as is_default
from said, pg_temp.list(d -> 'identities') e
where jsonb_typeof(e) = 'object'
  and octet_length(coalesce(pg_temp.string(e -> 'email'), '') || coalesce(pg_temp.string(e -> 'name'), '')) <= 500;

create or replace temp view expected_mail_server as
select organization_id, account_id, protocol, pg_temp.string(s -> 'host') as host, pg_temp.port(s -> 'port') as port,
  pg_temp.truth_value(s -> 'use_ssl') as use_ssl, pg_temp.string(s -> 'username') as username,
  pg_temp.moment(s -> 'date_updated') as date_updated
from said, (values ('smtp'), ('imap')) p (protocol), lateral (select d -> protocol as s) server
where jsonb_typeof(s) = 'object';

create or replace temp view expected_calendar as
select distinct on (organization_id, account_id, calendar_id) organization_id, account_id, calendar_id,
  pg_temp.string(c -> 'name') as name, pg_temp.string(c -> 'status') as status,
  pg_temp.truth_value(c -> 'default') as is_default, c is not null as is_available,
  case when jsonb_typeof(d -> 'synced_calendars') = 'array'
       then coalesce((d -> 'synced_calendars') @> jsonb_build_array(calendar_id), false)
       else pg_temp.truth_value(c -> 'synced') end as is_synced
from (
  select organization_id, account_id, d, coalesce(pg_temp.string(c -> 'id'), '') as calendar_id, c
  from said, pg_temp.list(d -> 'available_calendars') c
  where jsonb_typeof(c) = 'object'
  union all
  select organization_id, account_id, d, pg_temp.string(s), null
  from said, pg_temp.list(d -> 'synced_calendars') s
  where jsonb_typeof(s) = 'string'
) calendar
where octet_length(calendar_id) <= 500
order by organization_id, account_id, calendar_id, c nulls last;

create or replace temp view expected_feature as
select organization_id, account_id, feature, bool_or(kind = 'available_features') as is_available,
  bool_or(kind = 'enabled_features') as is_enabled
from (
  select organization_id, account_id, kind, pg_temp.string(f) as feature
  from said, (values ('available_features'), ('enabled_features')) k (kind), pg_temp.list(d -> kind) f
  where jsonb_typeof(f) = 'string'
) feature
where octet_length(feature) <= 500
group by organization_id, account_id, feature;

-- Which fields close-api.md knows, and what they may be ("any": everything; "kept": known, without a column).
create or replace temp view known as
select name, kind
from (values
  ('_type', 'string'), ('id', 'string'), ('organization_id', 'string'), ('user_id', 'string'), ('email', 'string'),
  ('date_created', 'moment'), ('identities', 'array'), ('default_identity', 'object'), ('smtp', 'object'),
  ('imap', 'object'), ('available_features', 'array'), ('enabled_features', 'array'), ('send_status', 'string'),
  ('receive_status', 'string'), ('email_receive_status', 'string'), ('calendar_receive_status', 'string'),
  ('latest_send_error', 'string'), ('latest_receive_error', 'string'), ('lead_suggestions_updated_at', 'moment'),
  ('is_imap_archive_sync_enabled', 'boolean'), ('sync_all_calendars', 'boolean'), ('synced_calendars', 'array'),
  ('available_calendars', 'array'), ('zoom_account_plan', 'string'), ('calendly', 'any'),
  ('has_meeting_creation_scopes', 'boolean'),
  ('default_identity.email', 'string'), ('default_identity.name', 'string'),
  ('smtp.host', 'string'), ('smtp.port', 'port'), ('smtp.use_ssl', 'boolean'), ('smtp.username', 'string'),
  ('smtp.date_updated', 'moment'), ('imap.host', 'string'), ('imap.port', 'port'), ('imap.use_ssl', 'boolean'),
  ('imap.username', 'string'), ('imap.date_updated', 'moment'),
  ('identities[].email', 'string'), ('identities[].name', 'string'),
  ('available_calendars[].id', 'string'), ('available_calendars[].name', 'string'),
  ('available_calendars[].status', 'string'), ('available_calendars[].default', 'boolean'),
  ('available_calendars[].synced', 'boolean')) k (name, kind);

create or replace function pg_temp.takes(kind text, value jsonb) returns boolean language sql stable as $$
  select kind = 'any' or jsonb_typeof(value) = kind or jsonb_typeof(value) = 'null'
    or kind = 'moment' and pg_temp.moment(value) is not null
    or kind = 'port' and pg_temp.port(value) is not null $$;

-- Every value of a document with its path, as "other" and field_drift name it.
create or replace temp view leaf as
select organization_id, account_id, m.name as path, m.member as value
from said, pg_temp.members(d) m
union all
select organization_id, account_id, part || '.' || m.name, m.member
from said, (values ('default_identity'), ('smtp'), ('imap')) p (part), pg_temp.members(d -> part) m
union all
select organization_id, account_id, part || '[].' || m.name, m.member
from said, (values ('identities'), ('available_calendars')) p (part), pg_temp.list(d -> part) e, pg_temp.members(e) m
union all
select organization_id, account_id, part || '[]', e
from said, (values ('identities', 'object'), ('available_calendars', 'object'), ('synced_calendars', 'string'),
  ('available_features', 'string'), ('enabled_features', 'string')) p (part, kind), pg_temp.list(d -> part) e
where jsonb_typeof(e) <> kind;

create or replace temp view expected_other as
select organization_id, account_id, path,
  case when path like '%[]%' then jsonb_agg(distinct value) else (array_agg(value))[1] end as value
from leaf
left join known on known.name = path
where kind is null or not pg_temp.takes(kind, value)
group by organization_id, account_id, path;

create or replace temp view actual_other as
select organization_id, account_id, o.key as path,
  case when o.key like '%[]%' then (select jsonb_agg(distinct e) from pg_temp.list(pg_temp.canonical(o.value)) e) else pg_temp.canonical(o.value) end as value
from account, jsonb_each(other) o;

-- Accounts with an element that cannot make a row of its own.
create or replace temp view odd as
select organization_id, account_id
from said, (values ('identities'), ('available_calendars'), ('synced_calendars'), ('available_features'),
  ('enabled_features')) p (part), pg_temp.list(d -> part) e
where octet_length(e::text) > 400
union
select organization_id, account_id
from said, pg_temp.list(d -> 'available_calendars') c
where jsonb_typeof(c) = 'object'
group by organization_id, account_id, c -> 'id'
having count(distinct c) > 1
union
select organization_id, account_id
from said, pg_temp.list(d -> 'identities') i
where jsonb_typeof(i) = 'object'
group by organization_id, account_id, i -> 'email', i -> 'name'
having count(distinct i) > 1;

create or replace temp view expected as
select organization_id, account_id, 'account' as of_table, to_jsonb(r) as row from expected_account r
union all select organization_id, account_id, 'account_identity', to_jsonb(r) from expected_identity r
union all select organization_id, account_id, 'account_mail_server', to_jsonb(r) from expected_mail_server r
union all select organization_id, account_id, 'account_calendar', to_jsonb(r) from expected_calendar r
union all select organization_id, account_id, 'account_feature', to_jsonb(r) from expected_feature r
union all
select organization_id, account_id, 'other', to_jsonb(r)
from expected_other r
where (organization_id, account_id) not in (select * from odd)
union all select organization_id, account_id, 'newest document', d - 'lead_suggestions_updated_at' from said;

create or replace temp view actual as
select organization_id, account_id, 'account' as of_table,
  to_jsonb(r) - array['other', 'first_seen_at', 'changed_at', 'lead_suggestions_updated_at']
  || jsonb_build_object('calendly', pg_temp.canonical(calendly)) as row
from account r
union all select organization_id, account_id, 'account_identity', to_jsonb(r) from account_identity r
union all select organization_id, account_id, 'account_mail_server', to_jsonb(r) from account_mail_server r
union all select organization_id, account_id, 'account_calendar', to_jsonb(r) from account_calendar r
union all select organization_id, account_id, 'account_feature', to_jsonb(r) from account_feature r
union all
select organization_id, account_id, 'other', to_jsonb(r)
from actual_other r
where (organization_id, account_id) not in (select * from odd)
union all
select organization_id, account_id, 'newest document', pg_temp.canonical(document) - 'lead_suggestions_updated_at'
from (
  select distinct on (organization_id, account_id) *
  from account_history
  order by organization_id, account_id, version desc
) newest
where change <> 'removed';
