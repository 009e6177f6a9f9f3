-- The proof that the mirror is what the history says. No row: proven.

-- The mirror against the newest documents, column by column, by the same shape functions that wrote it. What is volatile may differ.
create or replace function verify_mirror(organization_id text)
  returns table (table_name text, account_id text, problem text)
  language sql stable parallel safe
  set jit = off -- compiling would take longer than running
begin atomic
  with newest as (
    select past.account_id, max(past.seq) as seq, max(past.observed_at) filter (where past.change = 'added') as added_at,
      min(past.observed_at) as oldest_at
    from account_history as past
    where past.organization_id = verify_mirror.organization_id
    group by past.account_id
  ), alive as materialized (
    select past.organization_id, past.account_id, past.document, past.observed_at, newest.added_at, newest.oldest_at
    from newest
    join account_history as past on past.organization_id = verify_mirror.organization_id and past.seq = newest.seq
    where past.change <> 'removed'
  ), wanted_account as (
    select alive.organization_id, alive.account_id, shape.*,
      coalesce(alive.added_at, least(held.first_seen_at, alive.oldest_at)) as first_seen_at, alive.observed_at as changed_at
    from alive
    cross join lateral account_shape(alive.document) as shape
    left join account as held on held.organization_id = verify_mirror.organization_id and held.account_id = alive.account_id
  ), difference as (
    select
      'account' as table_name, coalesce(wanted.account_id, held.account_id) as account_id, wanted.account_id is null as is_extra,
      held.account_id is null as is_missing,
      case when wanted.account_id is not null and held.account_id is not null
        then account_difference_fields(to_jsonb(held), to_jsonb(wanted)) end as fields
    from wanted_account as wanted
    full join (select * from account where account.organization_id = verify_mirror.organization_id) as held
      on held.account_id = wanted.account_id
    where held is distinct from wanted
    union all
    select
      'account_identity', coalesce(wanted.account_id, held.account_id), wanted.account_id is null, held.account_id is null,
      array[case when wanted.account_id is null or held.account_id is null then 'identities' else 'default_identity' end]
    from (select alive.organization_id, alive.account_id, shape.* from alive cross join lateral account_identity_shape(alive.document) as shape) as wanted
    full join (select * from account_identity where account_identity.organization_id = verify_mirror.organization_id) as held
      on (held.account_id, held.email, held.name) = (wanted.account_id, wanted.email, wanted.name)
    where held is distinct from wanted
    union all
    select
      'account_mail_server', coalesce(wanted.account_id, held.account_id), wanted.account_id is null, held.account_id is null,
      array[coalesce(wanted.protocol, held.protocol)]
    from (select alive.organization_id, alive.account_id, shape.* from alive cross join lateral account_mail_server_shape(alive.document) as shape) as wanted
    full join (select * from account_mail_server where account_mail_server.organization_id = verify_mirror.organization_id) as held
      on (held.account_id, held.protocol) = (wanted.account_id, wanted.protocol)
    where held is distinct from wanted
    union all
    select
      'account_calendar', coalesce(wanted.account_id, held.account_id), wanted.account_id is null, held.account_id is null,
      coalesce(nullif(array_remove(array[
        case when (held.name, held.status, held.is_default, coalesce(held.is_available, false)) is distinct from
          (wanted.name, wanted.status, wanted.is_default, coalesce(wanted.is_available, false)) then 'available_calendars' end,
        case when case
          when held.account_id is null or wanted.account_id is null then coalesce(held.is_synced, wanted.is_synced)
          else held.is_synced is distinct from wanted.is_synced end then 'synced_calendars' end], null), '{}'), '{available_calendars}')
    from (select alive.organization_id, alive.account_id, shape.* from alive cross join lateral account_calendar_shape(alive.document) as shape) as wanted
    full join (select * from account_calendar where account_calendar.organization_id = verify_mirror.organization_id) as held
      on (held.account_id, held.calendar_id) = (wanted.account_id, wanted.calendar_id)
    where held is distinct from wanted
    union all
    select
      'account_feature', coalesce(wanted.account_id, held.account_id), wanted.account_id is null, held.account_id is null,
      coalesce(nullif(array_remove(array[
        case when coalesce(held.is_available, false) <> coalesce(wanted.is_available, false) then 'available_features' end,
        case when coalesce(held.is_enabled, false) <> coalesce(wanted.is_enabled, false) then 'enabled_features' end], null), '{}'),
        '{available_features}')
    from (select alive.organization_id, alive.account_id, shape.* from alive cross join lateral account_feature_shape(alive.document) as shape) as wanted
    full join (select * from account_feature where account_feature.organization_id = verify_mirror.organization_id) as held
      on (held.account_id, held.feature) = (wanted.account_id, wanted.feature)
    where held is distinct from wanted
    union all
    select 'account_digest', coalesce(alive.account_id, held.account_id), alive.account_id is null, held.account_id is null, null
    from alive
    full join (select * from account_digest where account_digest.organization_id = verify_mirror.organization_id) as held
      on held.account_id = alive.account_id
    where alive.account_id is null or held.account_id is null
  )
  select
    difference.table_name, difference.account_id,
    case
      when is_extra then 'a row that no document has'
      when is_missing then 'a row of the document is missing'
      else 'differs from the document in ' || array_to_string(fields, ', ') end
  from difference
  where fields is null
  or not fields <@ coalesce((
    select organization.volatile_fields
    from organization
    where organization.organization_id = verify_mirror.organization_id), '{}')
  order by 2, 1;
end;
comment on function verify_mirror(text) is 'Where an organization''s mirror tables differ from its newest documents; no row: they are equal but for volatile fields';
