-- What the steps of a sweep need beyond plain statements.

create or replace function newest_anchor(organization_id text)
  returns table (seq bigint, hash bytea, carried_hash bytea, answers_from timestamptz)
  language sql stable parallel safe
begin atomic
  select anchor.seq, anchor.hash, anchor.carried_hash, anchor.answers_from
  from history_anchor as anchor
  where anchor.organization_id = newest_anchor.organization_id
  order by anchor.seq desc
  limit 1;
end;
comment on function newest_anchor(text) is 'Where the gapless part of an organization''s history begins; no row: at its beginning';

-- Where the chain goes on: the newest row, or the anchor when pruning has dropped that.
create or replace function history_head(organization_id text) returns table (seq bigint, hash bytea)
  language sql stable parallel safe
begin atomic
  select last.seq, last.hash
  from (
    (
      select past.seq, past.hash
      from account_history as past
      where past.organization_id = history_head.organization_id
      order by past.seq desc
      limit 1
    )
    union all
    select anchor.seq, anchor.hash
    from newest_anchor(history_head.organization_id) as anchor
  ) as last
  order by last.seq desc
  limit 1;
end;
comment on function history_head(text) is 'seq and hash of the last link of an organization''s chain; no row: it has none yet';

-- For when the clock went back behind the last listing (or whoever listed): a time further back at which an account was as its newest
-- history row says. That is the start of the sweep that wrote the row, or the row's own not_before, which is no later. Who was never seen
-- was not there in the last sweep that changed something, for that was complete.
create or replace function stood_since(organization_id text, account_id text, before timestamptz) returns timestamptz
  language sql stable
begin atomic
  select case
    when past.is_first then (
      select max(sweep.started_at)
      from sweep
      where sweep.organization_id = stood_since.organization_id
      and sweep.outcome = 'changed'
      and sweep.started_at < before)
    else coalesce(
      (
        select sweep.started_at
        from sweep
        where sweep.organization_id = stood_since.organization_id
        and sweep.sweep_id = past.sweep_id
        and sweep.started_at < before),
      case when past.not_before < before then past.not_before end)
    end
  from (
    (
      select false as is_first, history.sweep_id, history.not_before
      from account_history as history
      where history.organization_id = stood_since.organization_id
      and history.account_id = stood_since.account_id
      order by history.version desc
      limit 1
    )
    union all
    select true, null, null
  ) as past
  order by past.is_first
  limit 1;
end;
comment on function stood_since(text, text, timestamptz) is 'A time before the given one from which an account may have stood as its newest history row says; NULL: none is known';

create or replace function oldest_at(organization_id text, account_id text) returns timestamptz
  language sql stable parallel safe
begin atomic
  select past.observed_at
  from account_history as past
  where past.organization_id = oldest_at.organization_id
  and past.account_id = oldest_at.account_id
  order by past.version
  limit 1;
end;
comment on function oldest_at(text, text) is 'observed_at of the oldest row of an account that is left: what pruning took was before it';

create or replace function stated_at(organization_id text, account_id text) returns timestamptz
  language sql stable
begin atomic
  select coalesce(
    (
      select past.observed_at
      from account_history as past
      where past.organization_id = stated_at.organization_id
      and past.account_id = stated_at.account_id
      and past.change <> 'rescoped'
      order by past.version desc
      limit 1),
    least(
      (select account.changed_at from account where account.organization_id = stated_at.organization_id and account.account_id = stated_at.account_id),
      oldest_at(stated_at.organization_id, stated_at.account_id)));
end;
comment on function stated_at(text, text)
  is 'observed_at of an account''s newest row that is not rescoped; where pruning took that, as account remembers it, at the latest the oldest row''s';

-- A pipeline cannot branch, so a condition that must stop it raises. Use inside CASE.
create or replace function refuse(state text, reason text) returns boolean
  language plpgsql
  set search_path from current
as $$
begin
  raise exception using errcode = state, message = reason;
end
$$;
comment on function refuse(text, text) is 'Raises: CS001 the mirror moved on, CS002 the name is taken, CS003 the documents could not be read, CS007 the lock is gone';

-- Two rows of account as jsonb: the document's top-level names they differ in (bookkeeping columns count as names).
create or replace function account_difference_fields(have jsonb, want jsonb) returns text[]
  language sql immutable parallel safe
begin atomic
  select coalesce(array_agg(distinct case
    when is_column and name = 'type' then '_type'
    when is_column and name like 'default_identity_%' then 'default_identity'
    else coalesce(
      substring(name from '^(smtp|imap|default_identity)[.]'),
      substring(name from '^(identities|(?:synced|available)_calendars|(?:available|enabled)_features)\[\]'),
      substring(name from '^"(.*)"$'),
      name)
    end), '{}')
  from (
    select true, * from jsonb_each(have - 'other')
    union all
    select false, * from jsonb_each(json_map(have -> 'other'))
    union all
    select false, 'other', to_jsonb(jsonb_typeof(have -> 'other')) where jsonb_typeof(have -> 'other') <> 'object' -- damage
  ) as had (is_column, name, value)
  full join (
    select true, * from jsonb_each(want - 'other')
    union all
    select false, * from jsonb_each(json_map(want -> 'other'))
  ) as wanted (is_column, name, value) using (is_column, name, value)
  where had.value is null or wanted.value is null;
end;
comment on function account_difference_fields(jsonb, jsonb) is 'The top-level names of a document in which two rows of account differ';

-- The same of two rows of a child table, NULL for a row that is not there: whichever list of the document tells them apart.
create or replace function account_calendar_difference_fields(have jsonb, want jsonb) returns text[]
  language sql immutable parallel safe
begin atomic
  select case
    when available and synced then '{available_calendars,synced_calendars}'::text[]
    when synced then '{synced_calendars}'
    else '{available_calendars}' end
  from (
    select
      (have ->> 'name', have ->> 'status', have ->> 'is_default', coalesce(have ->> 'is_available', 'false')) is distinct from
        (want ->> 'name', want ->> 'status', want ->> 'is_default', coalesce(want ->> 'is_available', 'false')),
      case
        when have is null or want is null then coalesce(have, want) ->> 'is_synced' = 'true'
        else have ->> 'is_synced' is distinct from want ->> 'is_synced' end
  ) as differ (available, synced);
end;
comment on function account_calendar_difference_fields(jsonb, jsonb) is 'The top-level names of a document in which two rows of account_calendar differ';

create or replace function account_feature_difference_fields(have jsonb, want jsonb) returns text[]
  language sql immutable parallel safe
begin atomic
  select case
    when available and enabled then '{available_features,enabled_features}'::text[]
    when enabled then '{enabled_features}'
    else '{available_features}' end
  from (
    select
      coalesce(have -> 'is_available', 'false') <> coalesce(want -> 'is_available', 'false'),
      coalesce(have -> 'is_enabled', 'false') <> coalesce(want -> 'is_enabled', 'false')
  ) as differ (available, enabled);
end;
comment on function account_feature_difference_fields(jsonb, jsonb) is 'The top-level names of a document in which two rows of account_feature differ';

-- Asks the running daemon to sweep one organization, or with NULL all of them, at once; it hears at commit. Several requests within
-- five seconds are one sweep.
create or replace function request_sync(name text default null) returns void
  language plpgsql
  set search_path from current
as $$
begin
  if request_sync.name is not null
    and not exists (select from organization where organization.name = request_sync.name) then
    raise exception 'no organization is called "%"', request_sync.name
      using errcode = 'no_data_found', hint = 'select name from organization';
  end if;
  perform pg_notify('closesyncd', current_schema || '/' || coalesce(request_sync.name, ''));
end
$$;
comment on function request_sync(text) is 'Makes the running daemon sweep this organization (by NAME; NULL: all) at once';
