-- One row per time an account could not send, or could not receive, however often its error text changed meanwhile. An outage begins
-- with a row that is bad where the row before was not, and ends with the next row that is not: only these edges are kept, and each
-- beginning finds its end in the edge behind it. With the owner's rights: no address, no name, no document.
create or replace view account_outage as
select
  edge.organization_id, edge.account_id, edge.direction,
  case when edge.is_first and edge.version > 1 then null else edge.not_before end as began_after,
  edge.observed_at as began_at,
  edge.ended_after, edge.ended_at,
  edge.ended_at is null as is_open,
  case edge.ended_change when 'removed' then 'removed' else case when edge.ended_at is not null then 'recovered' end end as ended_by,
  greatest(extract(epoch from coalesce(edge.ended_at, organization.last_swept_at) - edge.observed_at), 0)::bigint as seconds
from (
  select
    bad.*,
    lag(bad.not_before) over following as ended_after,
    lag(bad.observed_at) over following as ended_at,
    lag(bad.change) over following as ended_change
  from (
    select
      'send' as direction, past.organization_id, past.account_id, past.version, past.change, past.not_before, past.observed_at,
      coalesce(past.send_status = 'error', false) as is_bad,
      coalesce(lead(past.send_status) over earlier = 'error', false) as was_bad,
      lead(past.version) over earlier is null as is_first
    from account_history as past
    window earlier as (partition by past.organization_id, past.account_id order by past.version desc)
  ) as bad
  where bad.is_bad <> bad.was_bad
  window following as (partition by bad.organization_id, bad.account_id order by bad.version desc)
  union all
  select
    bad.*,
    lag(bad.not_before) over following as ended_after,
    lag(bad.observed_at) over following as ended_at,
    lag(bad.change) over following as ended_change
  from (
    select
      'receive' as direction, past.organization_id, past.account_id, past.version, past.change, past.not_before, past.observed_at,
      coalesce(past.receive_status = 'error', false) or coalesce(past.email_receive_status = 'error', false)
        or coalesce(past.calendar_receive_status = 'error', false) as is_bad,
      coalesce(lead(past.receive_status) over earlier = 'error', false)
        or coalesce(lead(past.email_receive_status) over earlier = 'error', false)
        or coalesce(lead(past.calendar_receive_status) over earlier = 'error', false) as was_bad,
      lead(past.version) over earlier is null as is_first
    from account_history as past
    window earlier as (partition by past.organization_id, past.account_id order by past.version desc)
  ) as bad
  where bad.is_bad <> bad.was_bad
  window following as (partition by bad.organization_id, bad.account_id order by bad.version desc)
) as edge
join organization on organization.organization_id = edge.organization_id
where edge.is_bad;
comment on view account_outage is 'One row per time an account could not send, or not receive (mail or calendar); any status but error is no outage';
comment on column account_outage.organization_id is 'The organization';
comment on column account_outage.account_id is 'The account';
comment on column account_outage.direction is 'send: send_status was error; receive: one of the other three was';
comment on column account_outage.began_after is 'It began after this time; NULL: before anybody looked, or the row before was pruned';
comment on column account_outage.began_at is 'It was first seen at this time';
comment on column account_outage.ended_after is 'It ended after this time; NULL: it is open';
comment on column account_outage.ended_at is 'It was first seen over at this time; NULL: it is open';
comment on column account_outage.is_open is 'It was not over when the organization was last swept';
comment on column account_outage.ended_by is 'recovered, or removed: the account is gone; NULL: it is open';
comment on column account_outage.seconds is 'From began_at to ended_at; of an open one to the last complete sweep, not to now';
