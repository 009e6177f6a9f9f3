-- What was configured when, and what changed: by the same shape functions that write the tables, so that the answer for now is the
-- tables. Functions inline, so a filter on their rows reaches the index.

-- Whether an organization's history goes back to that time; raises when it was pruned, for half an answer would be a wrong one.
create function answers_for(organization_id text, at timestamptz) returns boolean
  language plpgsql stable parallel safe
  set search_path from current
as $$
declare
  first_at timestamptz := (
    select anchor.answers_from
    from history_anchor as anchor
    where anchor.organization_id = answers_for.organization_id
    order by anchor.seq desc
    limit 1);
begin
  if answers_for.at < first_at then
    raise exception using errcode = 'CS005',
      message = format('the history of "%s" was pruned and answers from %s on', answers_for.organization_id,
        to_char(first_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'));
  end if;
  return true;
end
$$;
comment on function answers_for(text, timestamptz) is 'True, or raises CS005 naming the first time the history answers for';

-- The accounts alive at a time and their documents: the index account_history_version alone tells which row is the newest, and only
-- those are fetched. Of a stay whose first row was pruned, account remembers the beginning.
create function document_as_of(at timestamptz)
  returns table (
    organization_id text, account_id text, seq bigint, is_erased boolean, document jsonb, other jsonb, first_seen_at timestamptz,
    changed_at timestamptz)
  language sql stable parallel safe
begin atomic
  select
    organization.organization_id, newest.account_id, past.seq, past.document_salt is null, past.document, past.other,
    coalesce(
      newest.added_at,
      (
        select least(held.first_seen_at, oldest.observed_at)
        from account_history as oldest
        left join account as held on held.organization_id = oldest.organization_id and held.account_id = oldest.account_id
        where oldest.organization_id = organization.organization_id
        and oldest.account_id = newest.account_id
        order by oldest.version
        limit 1)),
    past.observed_at
  from organization
  cross join lateral (
    select
      one.account_id, max(one.seq) as seq, max(one.seq) filter (where one.change = 'removed') as removed_seq,
      max(one.observed_at) filter (where one.change = 'added') as added_at
    from account_history as one
    where one.organization_id = organization.organization_id
    and one.observed_at <= document_as_of.at
    group by one.account_id
  ) as newest
  join account_history as past on past.organization_id = organization.organization_id and past.seq = newest.seq
  -- Not removed. Said twice, for the planner: taking each for a third it looks a ninth up by the key, instead of reading the whole history.
  where coalesce(newest.removed_seq, 0) < newest.seq
  and newest.seq > 0
  and answers_for(organization.organization_id, document_as_of.at);
end;
comment on function document_as_of(timestamptz) is 'The documents of the accounts that were there at a time';

create function account_as_of(at timestamptz)
  returns table (
    organization_id text, account_id text, type text, user_id text, email text, date_created timestamptz,
    default_identity_email text, default_identity_name text, send_status text, receive_status text, email_receive_status text,
    calendar_receive_status text, latest_send_error text, latest_receive_error text, is_imap_archive_sync_enabled boolean,
    sync_all_calendars boolean, has_meeting_creation_scopes boolean, zoom_account_plan text, calendly jsonb,
    lead_suggestions_updated_at timestamptz, other jsonb, first_seen_at timestamptz, changed_at timestamptz)
  language sql stable parallel safe
begin atomic
  select past.organization_id, past.account_id, shape.*, past.other, past.first_seen_at, past.changed_at
  from document_as_of(at) as past
  cross join lateral account_columns(past.document) as shape;
end;
comment on function account_as_of(timestamptz) is 'The table account as it was at a time; for infinity as it is, but for volatile fields';

create function account_identity_as_of(at timestamptz)
  returns table (organization_id text, account_id text, email text, name text, is_default boolean)
  language sql stable parallel safe
begin atomic
  select past.organization_id, past.account_id, shape.*
  from document_as_of(at) as past
  cross join lateral account_identity_shape(past.document) as shape;
end;
comment on function account_identity_as_of(timestamptz) is 'The table account_identity as it was at a time';

create function account_mail_server_as_of(at timestamptz)
  returns table (
    organization_id text, account_id text, protocol text, host text, port integer, use_ssl boolean, username text,
    date_updated timestamptz)
  language sql stable parallel safe
begin atomic
  select past.organization_id, past.account_id, shape.*
  from document_as_of(at) as past
  cross join lateral account_mail_server_shape(past.document) as shape;
end;
comment on function account_mail_server_as_of(timestamptz) is 'The table account_mail_server as it was at a time';

create function account_calendar_as_of(at timestamptz)
  returns table (
    organization_id text, account_id text, calendar_id text, name text, status text, is_default boolean, is_available boolean,
    is_synced boolean)
  language sql stable parallel safe
begin atomic
  select past.organization_id, past.account_id, shape.*
  from document_as_of(at) as past
  cross join lateral account_calendar_shape(past.document) as shape;
end;
comment on function account_calendar_as_of(timestamptz) is 'The table account_calendar as it was at a time';

create function account_feature_as_of(at timestamptz)
  returns table (organization_id text, account_id text, feature text, is_available boolean, is_enabled boolean)
  language sql stable parallel safe
begin atomic
  select past.organization_id, past.account_id, shape.*
  from document_as_of(at) as past
  cross join lateral account_feature_shape(past.document) as shape;
end;
comment on function account_feature_as_of(timestamptz) is 'The table account_feature as it was at a time';

-- The named top-level fields of two documents, leaf by leaf: objects by the path of what is in them (smtp.host), lists by the
-- elements that came and went.
create function document_difference(before jsonb, after jsonb, fields text[])
  returns table (field text, old_value jsonb, new_value jsonb)
  language sql immutable parallel safe
begin atomic
  with recursive part (field, was, became) as (
    select named, before -> named, after -> named
    from unnest(fields) as named
    union all
    select part.field || '.' || name, inner_was, inner_became
    from part
    cross join lateral (
      select name, had.value, has.value
      from jsonb_each(json_map(part.was)) as had (name, value)
      full join jsonb_each(json_map(part.became)) as has (name, value) using (name)
      where had.value is distinct from has.value
    ) as member (name, inner_was, inner_became)
  )
  select part.field, leaf.was, leaf.became
  from part
  cross join lateral (
    -- A plain value on either side, or nothing on both (null, absent, {} and [] are not the same, but neither has leaves).
    select
      case when coalesce(jsonb_typeof(part.was), '') not in ('object', 'array') or part.was in ('{}', '[]') then part.was end,
      case when coalesce(jsonb_typeof(part.became), '') not in ('object', 'array') or part.became in ('{}', '[]') then part.became end
    where jsonb_typeof(part.was) not in ('object', 'array', 'null')
    or jsonb_typeof(part.became) not in ('object', 'array', 'null')
    or coalesce(part.was, 'null') in ('{}', '[]', 'null') and coalesce(part.became, 'null') in ('{}', '[]', 'null')
    union all
    (
      select gone.element, null::jsonb
      from (
        select element from jsonb_array_elements(json_list(part.was)) as element
        except all
        select element from jsonb_array_elements(json_list(part.became)) as element
      ) as gone
    )
    union all
    (
      select null, come.element
      from (
        select element from jsonb_array_elements(json_list(part.became)) as element
        except all
        select element from jsonb_array_elements(json_list(part.was)) as element
      ) as come
    )
  ) as leaf (was, became);
end;
comment on function document_difference(jsonb, jsonb, text[]) is 'What differs between two documents in the named fields: leaf by leaf, lists by elements';

-- Every change by field. The version before is found by its number, so any filter on history is pushed down. A row added or removed
-- is one row with field NULL and the whole document. Where a side was erased or pruned, a row per changed top-level field remains.
create view account_change with (security_invoker = true) as
select
  past.organization_id, past.seq, past.account_id,
  json_text(coalesce(past.document, earlier.document) -> '_type') as type,
  json_text(coalesce(past.document, earlier.document) -> 'email') as email,
  past.change, difference.field, difference.old_value, difference.new_value, past.not_before, past.observed_at
from account_history as past
left join account_history as earlier
  on earlier.organization_id = past.organization_id
  and earlier.account_id = past.account_id
  and earlier.version = past.version - 1
cross join lateral (
  select leaf.field, leaf.old_value, leaf.new_value
  from document_difference(earlier.document, past.document, past.changed_fields) as leaf
  where past.change = 'changed'
  and earlier.document_salt is not null
  and past.document_salt is not null
  union all
  select field, earlier.document -> field, past.document -> field
  from unnest(past.changed_fields) as field
  where past.change = 'changed'
  and (earlier.document_salt is null or past.document_salt is null)
  union all
  select null, case past.change when 'removed' then earlier.document end, past.document
  where past.change <> 'changed'
) as difference;
comment on view account_change is 'Every change ever seen, a row per changed field';
comment on column account_change.organization_id is 'The organization';
comment on column account_change.seq is 'Position in the organization''s history';
comment on column account_change.account_id is 'The account';
comment on column account_change.type is 'Its type after the change; of a removed one before it';
comment on column account_change.email is 'Its address after the change; of a removed one before it';
comment on column account_change.change is 'added, changed or removed';
comment on column account_change.field is 'Top-level name, path of a leaf (smtp.host), or name of the list an element came to or left; NULL for added and removed';
comment on column account_change.old_value is 'Value (or element gone) before; the whole document of a removed account; NULL: absent, or erased, or pruned';
comment on column account_change.new_value is 'Value (or element come) after; the whole document of an added account; NULL: absent, or erased';
comment on column account_change.not_before is 'The change happened after this time; NULL for what the first complete sweep found';
comment on column account_change.observed_at is 'The change was seen at this time';

-- The same between any two times, as a net: what changed and changed back in between is not in it. Where a side was erased, a row for
-- each top-level field that the history names, as above; or, where that is another stay, one with field NULL and what is left of both.
create function account_difference(from_at timestamptz, until_at timestamptz)
  returns table (
    organization_id text, account_id text, type text, email text, change text, field text, old_value jsonb, new_value jsonb)
  language sql stable parallel safe
begin atomic
  select
    organization.organization_id, account_id,
    json_text(coalesce(became, was) -> '_type'),
    json_text(coalesce(became, was) -> 'email'),
    case when was is null then 'added' when became is null then 'removed' else 'changed' end,
    difference.field, difference.old_value, difference.new_value
  from organization
  -- Each side for one organization: no filter would reach into the sides of a full join.
  cross join lateral (
    select account_id, before.document, after.document, before.seq, after.seq, before.is_erased or after.is_erased
    from (
      select *
      from document_as_of(account_difference.from_at) as past
      where past.organization_id = organization.organization_id
    ) as before
    full join (
      select *
      from document_as_of(account_difference.until_at) as past
      where past.organization_id = organization.organization_id
    ) as after using (account_id)
  ) as pair (account_id, was, became, was_seq, became_seq, is_erased)
  cross join lateral (
    select leaf.field, leaf.old_value, leaf.new_value
    from document_difference(was, became, changed_fields(was, became, organization.volatile_fields)) as leaf
    where not is_erased
    union all
    select
      named.field,
      case when named.field is null then was else was -> named.field end,
      case when named.field is null then became else became -> named.field end
    from (
      select distinct case when bool_or(past.change = 'added') over () then null else field end as field
      from account_history as past
      left join unnest(past.changed_fields) as field on true
      where past.organization_id = organization.organization_id
      and past.account_id = pair.account_id
      and past.seq > was_seq
      and past.seq <= became_seq
    ) as named
    where is_erased
    union all
    select null, was, became
    where was is null
    or became is null
  ) as difference
  where was_seq is distinct from became_seq;
end;
comment on function account_difference(timestamptz, timestamptz) is 'What changed between two times, a row per field, without volatile ones';
