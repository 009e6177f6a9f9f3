-- For the page of an organization: how many accounts of each type fare how.
--
-- $1 organization_id text -> type text, accounts bigint, and of them without any error, unable to send, to receive, with a calendar in error
-- bigint; other_words text: statuses that are neither ok nor error
select
  account.type,
  count(*) as accounts,
  count(*) filter (where 'error' not in (status.send, status.receive, status.mail, status.calendar)) as well,
  count(*) filter (where status.send = 'error') as send,
  count(*) filter (where 'error' in (status.receive, status.mail)) as receive,
  count(*) filter (where status.calendar = 'error') as calendar,
  string_agg(distinct left(status.other, 100) || case when length(status.other) > 100 then '…' else '' end, ', ') as other_words
from account
cross join lateral (
  select
    coalesce(account.send_status, '') as send,
    coalesce(account.receive_status, '') as receive,
    coalesce(account.email_receive_status, '') as mail,
    coalesce(account.calendar_receive_status, '') as calendar,
    (
      select min(word)
      from unnest(array[account.send_status, account.receive_status, account.email_receive_status, account.calendar_receive_status]) as word
      where word not in ('ok', 'error')
    ) as other
) as status
where account.organization_id = $1
group by account.type
order by count(*) desc, account.type;
