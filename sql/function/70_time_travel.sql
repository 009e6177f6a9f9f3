-- What was configured when, and what changed: by the same shape functions that write the tables, so that the answer for now is the
-- tables. Functions inline, so a filter on their rows reaches the index.

-- Whether an organization's history goes back to that time; raises when it was pruned, for half an answer would be a wrong one.
create or replace function answers_for(organization_id text, at timestamptz) returns boolean
  language plpgsql stable parallel safe
  set search_path from current
as $$
declare
  first_at timestamptz := (select anchor.answers_from from newest_anchor(answers_for.organization_id) as anchor);
begin
  if answers_for.at < first_at then
    raise exception using errcode = 'CS005',
      message = format('the history of "%s" was pruned and answers from %s on', answers_for.organization_id,
        utc_text(first_at));
  end if;
  return true;
end
$$;
comment on function answers_for(text, timestamptz) is 'True, or raises CS005 naming the first time the history answers for';

-- The accounts alive at a time and their documents: the index account_history_version alone tells which row is the newest, and only
-- those are fetched. Of a stay whose first row was pruned, account remembers the beginning, and the last change where only a rescoped
-- row is left.
create or replace function document_as_of(at timestamptz)
  returns table (
    organization_id text, account_id text, seq bigint, is_erased boolean, document jsonb, other jsonb, first_seen_at timestamptz,
    changed_at timestamptz)
  language sql stable parallel safe
begin atomic
  select
    organization.organization_id, newest.account_id, past.seq, past.document_salt is null, past.document, past.other,
    coalesce(
      newest.added_at,
      least(
        (select held.first_seen_at from account as held where held.organization_id = organization.organization_id and held.account_id = newest.account_id),
        oldest_at(organization.organization_id, newest.account_id))),
    coalesce(
      newest.stated_at,
      least(
        (select held.changed_at from account as held where held.organization_id = organization.organization_id and held.account_id = newest.account_id),
        oldest_at(organization.organization_id, newest.account_id)))
  from organization
  cross join lateral (
    select
      one.account_id, max(one.seq) as seq, max(one.seq) filter (where one.change = 'removed') as removed_seq,
      max(one.observed_at) filter (where one.change = 'added') as added_at,
      max(one.observed_at) filter (where one.change <> 'rescoped') as stated_at
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

create or replace function account_as_of(at timestamptz)
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

create or replace function account_identity_as_of(at timestamptz)
  returns table (organization_id text, account_id text, email text, name text, is_default boolean)
  language sql stable parallel safe
begin atomic
  select past.organization_id, past.account_id, shape.*
  from document_as_of(at) as past
  cross join lateral account_identity_shape(past.document) as shape;
end;
comment on function account_identity_as_of(timestamptz) is 'The table account_identity as it was at a time';

create or replace function account_mail_server_as_of(at timestamptz)
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

create or replace function account_calendar_as_of(at timestamptz)
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

create or replace function account_feature_as_of(at timestamptz)
  returns table (organization_id text, account_id text, feature text, is_available boolean, is_enabled boolean)
  language sql stable parallel safe
begin atomic
  select past.organization_id, past.account_id, shape.*
  from document_as_of(at) as past
  cross join lateral account_feature_shape(past.document) as shape;
end;
comment on function account_feature_as_of(timestamptz) is 'The table account_feature as it was at a time';
