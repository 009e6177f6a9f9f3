-- For the page of an organization: its people, active ones first, at most 100.
--
-- $1 organization_id text -> user_id text, full_name text, email text, role_id text, is_active boolean, left_at bigint (seconds since 1970),
-- is_erased boolean, accounts bigint, active bigint, total bigint (of all)
select
  member.user_id, left(member.full_name, 300) as full_name, left(member.email, 300) as email,
  left(member.role_id, 100) || case when length(member.role_id) > 100 then '…' else '' end as role_id,
  member.is_active,
  extract(epoch from member.left_at)::bigint as left_at,
  member.erased_at is not null as is_erased,
  coalesce(owned.accounts, 0) as accounts,
  count(*) filter (where member.is_active) over () as active,
  count(*) over () as total
from member
left join (
  select account.user_id, count(*) as accounts
  from account
  where account.organization_id = $1
  group by account.user_id
) as owned on owned.user_id = member.user_id
where member.organization_id = $1
order by member.is_active desc nulls last, member.left_at desc, member.user_id
limit 100;
