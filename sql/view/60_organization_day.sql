-- One row per organization, type and UTC day. Each history row takes the account's old state out of the sums and puts its new one in;
-- the days between two rows repeat the sums. What pruning carried over is what there was when the kept history begins, and no change.
-- With the owner's rights: counts alone.
create or replace view organization_day as
select
  spell.organization_id, day.day::date as day, spell.type,
  spell.accounts, spell.send_broken, spell.receive_broken,
  case when day.day = spell.day then spell.added else 0 end as added,
  case when day.day = spell.day then spell.changed else 0 end as changed,
  case when day.day = spell.day then spell.removed else 0 end as removed
from (
  select
    daily.organization_id, daily.type, daily.day, daily.added, daily.changed, daily.removed,
    (sum(daily.accounts) over running)::bigint as accounts,
    (sum(daily.send_broken) over running)::bigint as send_broken,
    (sum(daily.receive_broken) over running)::bigint as receive_broken,
    lead(daily.day) over running as next_day,
    max(daily.day) over (partition by daily.organization_id) as newest_day
  from (
    select
      step.organization_id, part.type, step.day,
      sum(part.accounts) as accounts,
      sum(case when part.is_send_broken then part.accounts else 0 end) as send_broken,
      sum(case when part.is_receive_broken then part.accounts else 0 end) as receive_broken,
      count(*) filter (where part.counts and step.change = 'added') as added,
      count(*) filter (where part.counts and step.change = 'changed') as changed,
      count(*) filter (where part.counts and step.change = 'removed') as removed
    from (
      select
        past.organization_id, past.type, past.change,
        past.seq <= coalesce(anchor.seq, 0) as is_carried,
        (greatest(past.observed_at, anchor.answers_from) at time zone 'UTC')::date::timestamp as day,
        past.send_status = 'error' as is_send_broken,
        past.receive_status = 'error' or past.email_receive_status = 'error' or past.calendar_receive_status = 'error'
          as is_receive_broken,
        lead(past.change) over earlier as old_change,
        lead(past.type) over earlier as old_type,
        lead(past.send_status) over earlier = 'error' as was_send_broken,
        lead(past.receive_status) over earlier = 'error' or lead(past.email_receive_status) over earlier = 'error'
          or lead(past.calendar_receive_status) over earlier = 'error' as was_receive_broken
      from account_history as past
      left join (
        select distinct on (history_anchor.organization_id)
          history_anchor.organization_id, history_anchor.seq, history_anchor.answers_from
        from history_anchor
        order by history_anchor.organization_id, history_anchor.seq desc
      ) as anchor on anchor.organization_id = past.organization_id
      window earlier as (partition by past.organization_id, past.account_id order by past.version desc)
    ) as step
    cross join lateral (
      values
        (step.type, step.is_send_broken, step.is_receive_broken, 1, step.change <> 'removed', not step.is_carried),
        (step.old_type, step.was_send_broken, step.was_receive_broken, -1, coalesce(step.old_change <> 'removed', false),
          step.change = 'removed')
    ) as part (type, is_send_broken, is_receive_broken, accounts, is_there, counts)
    where part.is_there
    group by step.organization_id, part.type, step.day
  ) as daily
  window running as (partition by daily.organization_id, daily.type order by daily.day)
) as spell
join organization on organization.organization_id = spell.organization_id
cross join lateral generate_series(
  spell.day,
  coalesce(
    spell.next_day - interval '1 day',
    greatest((organization.last_swept_at at time zone 'UTC')::date::timestamp, spell.newest_day)),
  interval '1 day') as day (day);
comment on view organization_day is 'One row per organization, type and UTC day, from the type''s first day to the last sweep''s: what there was at its end, what changed in it';
comment on column organization_day.organization_id is 'The organization';
comment on column organization_day.day is 'The day, in UTC';
comment on column organization_day.type is 'Close''s _type';
comment on column organization_day.accounts is 'Accounts of this type at the day''s end';
comment on column organization_day.send_broken is 'Of them, those whose send_status was error';
comment on column organization_day.receive_broken is 'Of them, those of whose other three statuses one was error';
comment on column organization_day.added is 'Accounts added on this day';
comment on column organization_day.changed is 'Changes seen on this day; an account whose type changed counts under its new one';
comment on column organization_day.removed is 'Accounts removed on this day, under their last type';
