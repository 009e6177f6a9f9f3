-- For the page of an organization: its accounts in error, those that changed last first, at most 100; since when and why.
--
-- $1 organization_id text -> account_id text, type text, email text, owner text, sends boolean, receives boolean, has_calendar boolean (false:
-- it is in error), send_error text, receive_error text, after bigint, since bigint (seconds since 1970; NULL: before anybody looked), total bigint
select
  broken.account_id,
  broken.type,
  broken.email,
  coalesce(member.full_name, member.email, broken.user_id) as owner,
  coalesce(broken.send_status <> 'error', true) as sends,
  coalesce(broken.receive_status <> 'error', true) and coalesce(broken.email_receive_status <> 'error', true) as receives,
  coalesce(broken.calendar_receive_status <> 'error', true) as has_calendar,
  left(broken.latest_send_error, 1000) || case when length(broken.latest_send_error) > 1000 then '…' else '' end as send_error,
  left(broken.latest_receive_error, 1000) || case when length(broken.latest_receive_error) > 1000 then '…' else '' end as receive_error,
  extract(epoch from outage.began_after)::bigint as after,
  extract(epoch from outage.began_at)::bigint as since,
  broken.total
from (
  select account.*, count(*) over () as total
  from account
  where account.organization_id = $1
  and 'error' in (account.send_status, account.receive_status, account.email_receive_status, account.calendar_receive_status)
  order by account.changed_at desc, account.account_id
  limit 100
) as broken
left join member on member.organization_id = broken.organization_id and member.user_id = broken.user_id
left join lateral (
  select account_outage.began_after, account_outage.began_at
  from account_outage
  where account_outage.organization_id = $1
  and account_outage.account_id = broken.account_id
  and account_outage.is_open
  order by account_outage.began_at
  limit 1
) as outage on true
order by broken.changed_at desc, broken.account_id;
