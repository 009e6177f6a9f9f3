-- What must hold of the reports over any history: a row for each that does not. Also true of what was pruned or erased.
with anchor as (
  select organization_id, max(seq) as seq, max(answers_from) as answers_from
  from history_anchor
  group by organization_id
), alive as materialized (
  select organization_id, account_id, type, send_status, receive_status, email_receive_status, calendar_receive_status
  from account_as_of('infinity')
), moment as materialized (
  select organization_id, observed_at as at
  from (
    select organization_id, observed_at, row_number() over (partition by organization_id order by md5(account_history.seq::text)) as number
    from account_history
    left join anchor using (organization_id)
    where observed_at >= coalesce(answers_from, '-infinity')
  ) as chosen
  where number <= 3
), day as materialized (
  select *, row_number() over (partition by organization_id order by day desc) as from_the_last,
    row_number() over (partition by organization_id order by md5(day::text), type) as by_chance
  from organization_day
)
select 'current versions are not the accounts there are' as problem
where exists (
  (select organization_id, account_id, type, send_status, receive_status from account_version where is_current
   except select organization_id, account_id, type, send_status, receive_status from alive)
  union all
  (select organization_id, account_id, type, send_status, receive_status from alive
   except select organization_id, account_id, type, send_status, receive_status from account_version where is_current))
union all
select format('the versions of %s at %s are not document_as_of', moment.organization_id, moment.at)
from moment
where (
  select jsonb_object_agg(account_id, document)
  from account_version
  where account_version.organization_id = moment.organization_id
  and valid_from <= moment.at
  and (valid_to > moment.at or valid_to is null)
) is distinct from (
  select jsonb_object_agg(account_id, document) from document_as_of(moment.at) as past where past.organization_id = moment.organization_id)
union all
select 'open outages are not the broken accounts'
where (
  select jsonb_agg(distinct organization_id || ' ' || account_id order by organization_id || ' ' || account_id)
  from account_outage
  where is_open
) is distinct from (
  select jsonb_agg(organization_id || ' ' || account_id order by organization_id || ' ' || account_id)
  from alive
  where 'error' in (coalesce(send_status, ''), coalesce(receive_status, ''), coalesce(email_receive_status, ''), coalesce(calendar_receive_status, '')))
union all
select 'an outage does not run forward'
where exists (select from account_outage where ended_at <= began_at or ended_after < began_after or seconds < 0 or seconds is null)
union all
select format('%s is not what there was at its end', (day.organization_id, day.day, day.type, day.accounts, day.send_broken, day.receive_broken))
from day
cross join lateral (
  select count(*) as accounts, count(*) filter (where send_status = 'error') as send_broken,
    count(*) filter (where 'error' in (coalesce(receive_status, ''), coalesce(email_receive_status, ''), coalesce(calendar_receive_status, ''))) as receive_broken
  from account_as_of((day.day + 1)::timestamp at time zone 'UTC' - interval '1 microsecond') as past
  where past.organization_id = day.organization_id
  and past.type is not distinct from day.type
) as at_end
where (from_the_last <= 2 or by_chance <= 6)
and (day.accounts, day.send_broken, day.receive_broken) is distinct from (at_end.accounts, at_end.send_broken, at_end.receive_broken)
union all
select format('the days of %s add up to other changes than its history', organization_id)
from (
  select organization_id, sum(added) as added, sum(changed) as changed, sum(removed) as removed
  from organization_day
  group by organization_id
) as days
full join (
  select organization_id, count(*) filter (where change = 'added') as added, count(*) filter (where change = 'changed') as changed,
    count(*) filter (where change = 'removed') as removed
  from account_history
  left join anchor using (organization_id)
  where account_history.seq > coalesce(anchor.seq, 0)
  group by organization_id
) as rows using (organization_id)
where (days.added, days.changed, days.removed) is distinct from (rows.added, rows.changed, rows.removed)
and (coalesce(rows.added, 0) + coalesce(rows.changed, 0) + coalesce(rows.removed, 0) > 0 or days.added + days.changed + days.removed > 0)
