-- Keeps table member as Close tells it (contract section 8): of the answer to /organization/{id}/ the two lists of memberships, and of
-- them who, address, name and role. Who is in both is active. A row is written only where it differs. An answer that names another
-- organization, or lacks a list, changes nothing.
--
-- $1 organization_id text, $2 answer jsonb, $3 user_id text (NULL: everybody) -> is_good boolean, written bigint
with answer as materialized (
  select document
  from (select $2::jsonb as document) as given
  where json_text(document -> 'id') = $1::text
  and jsonb_typeof(document -> 'memberships') = 'array'
  and jsonb_typeof(document -> 'inactive_memberships') = 'array'
), told as (
  select distinct on (user_id) user_id, email, full_name, role_id, is_active
  from (
    select
      json_text(person -> 'user_id') as user_id, json_text(person -> 'user_email') as email,
      json_text(person -> 'user_full_name') as full_name, json_text(person -> 'role_id') as role_id, list.is_active
    from answer
    cross join lateral (values ('memberships', true), ('inactive_memberships', false)) as list (name, is_active)
    cross join lateral jsonb_array_elements(document -> list.name) as person
  ) as listed
  where user_id <> ''
  and octet_length(user_id) <= 500
  and ($3::text is null or user_id = $3)
  order by user_id, is_active desc, email, full_name, role_id
), now as (
  select clock_timestamp() as now
), kept as (
  insert into member as held (organization_id, user_id, email, full_name, role_id, is_active, first_seen_at, changed_at, left_at)
  select $1, user_id, email, full_name, role_id, is_active, now, now, case when not is_active then now end
  from told
  cross join now
  where not exists (
    select
    from member
    where member.organization_id = $1
    and member.user_id = told.user_id
    and (
      case when told.is_active or member.erased_at is null then row (told.email, told.full_name) end,
      told.role_id, told.is_active, told.is_active and (member.left_at is not null or member.erased_at is not null))
    is not distinct from (
      case when told.is_active or member.erased_at is null then row (member.email, member.full_name) end,
      member.role_id, member.is_active, false))
  on conflict (organization_id, user_id) do update
  set email = case when excluded.is_active or held.erased_at is null then excluded.email end,
    full_name = case when excluded.is_active or held.erased_at is null then excluded.full_name end,
    role_id = excluded.role_id,
    is_active = excluded.is_active,
    changed_at = excluded.changed_at,
    left_at = case when not excluded.is_active then coalesce(held.left_at, excluded.left_at) end,
    erased_at = case when not excluded.is_active then held.erased_at end
  returning 1
), gone as (
  update member
  set is_active = null,
    changed_at = now,
    left_at = coalesce(left_at, now)
  from now
  where member.organization_id = $1
  and exists (select from answer)
  and member.user_id not in (select user_id from told)
  and (member.is_active is not null or member.left_at is null)
  returning 1
)
select exists (select from answer) as is_good, (select count(*) from kept) + (select count(*) from gone) as written;
