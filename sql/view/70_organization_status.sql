-- How far each organization's mirror is and how it fares. With the owner's rights: counts and names of organizations alone.
create or replace view organization_status as
select
  organization.organization_id, organization.name, organization.last_swept_at,
  case
    when organization.last_swept_at is not null then greatest(extract(epoch from now() - organization.last_swept_at), 0)::bigint
  end as age_seconds,
  extract(epoch from organization.sweep_interval)::bigint as interval_seconds,
  case
    when organization.sweep_interval is null then null
    when organization.last_swept_at is null then true
    else now() - organization.last_swept_at
      > 3 * organization.sweep_interval + 2 * coalesce(organization.flush_interval, interval '0')
  end as is_late,
  (
    select max(coverage.from_at)
    from coverage
    where coverage.organization_id = organization.organization_id
  ) as watched_since,
  (
    select history_anchor.answers_from
    from history_anchor
    where history_anchor.organization_id = organization.organization_id
    order by history_anchor.seq desc
    limit 1
  ) as answers_from,
  organization.last_changed_at,
  account.total as accounts,
  account.broken,
  (
    select count(*)
    from rejected_account
    where rejected_account.organization_id = organization.organization_id
  ) as rejected,
  (
    select count(*)
    from member
    where member.organization_id = organization.organization_id
    and member.is_active
  ) as members,
  organization.consecutive_failures, organization.last_outcome, organization.last_error
from organization
cross join lateral (
  select
    count(*) as total,
    count(*) filter (
      where 'error' in (coalesce(account.send_status, ''), coalesce(account.receive_status, ''),
        coalesce(account.email_receive_status, ''), coalesce(account.calendar_receive_status, ''))) as broken
  from account
  where account.organization_id = organization.organization_id
) as account;
comment on view organization_status is 'One row per organization: how old its mirror is, since when it is watched, how it fares';
comment on column organization_status.organization_id is 'The organization';
comment on column organization_status.name is 'NAME of its section in the configuration';
comment on column organization_status.last_swept_at is 'When the last complete sweep began; NULL: none was';
comment on column organization_status.age_seconds is 'How long ago that was; written down once in sync.flush_interval';
comment on column organization_status.interval_seconds is 'How often it is swept, as configured; NULL: no daemon has told yet';
comment on column organization_status.is_late is 'The last complete sweep is older than three intervals and two flush intervals; NULL: the interval is not known';
comment on column organization_status.watched_since is 'Since when complete sweeps followed one another without a gap';
comment on column organization_status.answers_from is 'The first time the history answers for, after a prune; NULL: from the beginning';
comment on column organization_status.last_changed_at is 'When the newest change was seen';
comment on column organization_status.accounts is 'Accounts there are now';
comment on column organization_status.broken is 'Of them, those with a status that is error';
comment on column organization_status.rejected is 'Entries of the last listing that could not be taken';
comment on column organization_status.members is 'Active members';
comment on column organization_status.consecutive_failures is 'Failed and incomplete sweeps since the last good one';
comment on column organization_status.last_outcome is 'unchanged, changed, incomplete, guarded or failed';
comment on column organization_status.last_error is 'What the last sweep failed on; NULL after a good one';
