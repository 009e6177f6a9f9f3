-- The proof that the mirror is what the history says. No row: proven.

-- The mirror against the newest documents, column by column, by the same shape functions that wrote it; of each table the rows that differ,
-- `fields` NULL where one side has no such row. What is volatile may differ.
create or replace function verify_mirror(organization_id text)
  returns table (table_name text, account_id text, problem text)
  language sql stable parallel safe
  set jit = off -- compiling would take longer than running
begin atomic
  with newest as (
    select past.account_id, max(past.seq) as seq, max(past.observed_at) filter (where past.change = 'added') as added_at,
      min(past.observed_at) as oldest_at, max(past.observed_at) filter (where past.change <> 'rescoped') as stated_at
    from account_history as past
    where past.organization_id = verify_mirror.organization_id
    group by past.account_id
  ), alive as materialized (
    select past.organization_id, past.account_id, past.document, newest.stated_at, newest.added_at, newest.oldest_at
    from newest
    join account_history as past on past.organization_id = verify_mirror.organization_id and past.seq = newest.seq
    where past.change <> 'removed'
  ), of_account as (
    select
      coalesce(wanted.account_id, held.account_id) as account_id, wanted.account_id is null as is_extra, held.account_id is null as is_missing,
      account_difference_fields(to_jsonb(held), to_jsonb(wanted)) as fields
    from (
      select alive.organization_id, alive.account_id, shape.*,
        coalesce(alive.added_at, least(had.first_seen_at, alive.oldest_at)) as first_seen_at,
        coalesce(alive.stated_at, least(had.changed_at, alive.oldest_at)) as changed_at
      from alive
      cross join lateral account_shape(alive.document) as shape
      left join account as had on had.organization_id = verify_mirror.organization_id and had.account_id = alive.account_id
    ) as wanted
    full join (select * from account where account.organization_id = verify_mirror.organization_id) as held
      on held.account_id = wanted.account_id
    where held is distinct from wanted
  ), of_identity as (
    select
      account_id, wanted.organization_id is null as is_extra, held.organization_id is null as is_missing,
      array[case when wanted.email is null or held.email is null then 'identities' else 'default_identity' end] as fields
    from (
      select alive.organization_id, alive.account_id, shape.*
      from alive
      cross join lateral account_identity_shape(alive.document) as shape
    ) as wanted
    full join (select * from account_identity where account_identity.organization_id = verify_mirror.organization_id) as held
      using (account_id, email, name)
    where held is distinct from wanted
  ), of_mail_server as (
    select
      account_id, wanted.organization_id is null as is_extra, held.organization_id is null as is_missing, array[protocol] as fields
    from (
      select alive.organization_id, alive.account_id, shape.*
      from alive
      cross join lateral account_mail_server_shape(alive.document) as shape
    ) as wanted
    full join (select * from account_mail_server where account_mail_server.organization_id = verify_mirror.organization_id) as held
      using (account_id, protocol)
    where held is distinct from wanted
  ), of_calendar as (
    select
      account_id, wanted.organization_id is null as is_extra, held.organization_id is null as is_missing,
      account_calendar_difference_fields(to_jsonb(held), to_jsonb(wanted)) as fields
    from (
      select alive.organization_id, alive.account_id, shape.*
      from alive
      cross join lateral account_calendar_shape(alive.document) as shape
    ) as wanted
    full join (select * from account_calendar where account_calendar.organization_id = verify_mirror.organization_id) as held
      using (account_id, calendar_id)
    where held is distinct from wanted
  ), of_feature as (
    select
      account_id, wanted.organization_id is null as is_extra, held.organization_id is null as is_missing,
      account_feature_difference_fields(to_jsonb(held), to_jsonb(wanted)) as fields
    from (
      select alive.organization_id, alive.account_id, shape.*
      from alive
      cross join lateral account_feature_shape(alive.document) as shape
    ) as wanted
    full join (select * from account_feature where account_feature.organization_id = verify_mirror.organization_id) as held
      using (account_id, feature)
    where held is distinct from wanted
  ), of_digest as (
    select account_id, alive.organization_id is null as is_extra, held.organization_id is null as is_missing
    from alive
    full join (select * from account_digest where account_digest.organization_id = verify_mirror.organization_id) as held
      using (account_id)
    where alive.organization_id is null
    or held.organization_id is null
  ), different as (
    select 'account' as table_name, account_id, is_extra, is_missing, case when not is_extra and not is_missing then fields end as fields
    from of_account
    union all
    select 'account_identity', account_id, is_extra, is_missing, fields from of_identity
    union all
    select 'account_mail_server', account_id, is_extra, is_missing, fields from of_mail_server
    union all
    select 'account_calendar', account_id, is_extra, is_missing, fields from of_calendar
    union all
    select 'account_feature', account_id, is_extra, is_missing, fields from of_feature
    union all
    select 'account_digest', account_id, is_extra, is_missing, null from of_digest
  )
  select
    different.table_name, different.account_id,
    case
      when is_extra then 'a row that no document has'
      when is_missing then 'a row of the document is missing'
      else 'differs from the document in ' || array_to_string(fields, ', ') end
  from different
  where fields is null
  or not fields <@ coalesce((
    select organization.volatile_fields
    from organization
    where organization.organization_id = verify_mirror.organization_id), '{}')
  order by 2, 1;
end;
comment on function verify_mirror(text) is 'Where an organization''s mirror tables differ from its newest documents; no row: they are equal but for volatile fields';
