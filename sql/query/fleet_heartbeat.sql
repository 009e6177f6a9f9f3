-- A daemon's heartbeat: it lives for another ttl, its slots are renewed, and what nobody has (any more) is taken up to its share, which is
-- 256 slots divided by the daemons that live. Who is over its share gives back by itself, once it has drained (query/fleet_give_back). A daemon
-- that is gone is forgotten, and its sessions are ended as far as this role may (it is a member of theirs), so that its locks stand in nobody's way. All by
-- the database's clock. An expires_at of more than an hour ahead is none: the clock went back, and fleet.ttl is at most an hour.
-- When nothing moves, only this daemon's own rows are updated, in place. Nobody waits for anybody: what another one takes is skipped.
--
-- $1 daemon_id uuid, $2 member text, $3 configuration_digest bytea, $4 ttl interval, $5 pids integer[] of its sessions
-- -> slot integer, epoch bigint: a row for each slot that is its own (or one with NULLs); share bigint: the slots it may have;
-- ended bigint: sessions of daemons that are gone; kept_role text: whose sessions this role may not end, NULL where it may
with session as (
  select
    coalesce(array_agg(pid), '{}') as pids,
    coalesce(array_agg(backend_start), '{}') as starts
  from unnest($5::integer[]) as mine (pid)
  cross join lateral (select activity.backend_start from pg_stat_get_activity(mine.pid) as activity) as started
), present as (
  insert into fleet_daemon (daemon_id, member, configuration_digest, backend_pids, backend_starts, expires_at)
  select $1::uuid, $2::text, $3::bytea, session.pids, session.starts, now() + $4::interval
  from session
  on conflict (daemon_id) do update
  set member = excluded.member,
    configuration_digest = excluded.configuration_digest,
    backend_pids = excluded.backend_pids,
    backend_starts = excluded.backend_starts,
    expires_at = excluded.expires_at
), gone as (
  delete from fleet_daemon
  where daemon_id in (
    select daemon_id
    from fleet_daemon
    where daemon_id <> $1
    and expires_at not between now() and now() + interval '1 h'
    for update skip locked)
  returning backend_pids, backend_starts
), former as materialized ( -- their sessions that are there; is_same is NULL where this role may not see it, and then it may not end them
  select
    activity.pid,
    whose.rolname as role,
    activity.backend_start = noted.started as is_same,
    pg_has_role(activity.usesysid, 'USAGE')
      and (not whose.rolsuper or (select rolsuper from pg_roles where rolname = current_user)) as is_ours_to_end
  from gone
  cross join lateral unnest(gone.backend_pids, gone.backend_starts) as noted (pid, started)
  cross join lateral pg_stat_get_activity(noted.pid) as activity
  join pg_roles as whose on whose.oid = activity.usesysid
  where activity.datid = (select oid from pg_database where datname = current_database())
  and activity.application_name = 'closesyncd'
), ended as materialized (
  select
    count(*) filter (where case when is_same and is_ours_to_end then pg_terminate_backend(pid) end) as sessions,
    min(role) filter (where is_same is not false and not is_ours_to_end) as kept_role
  from former
), share as (
  select (255 + count(*)) / count(*) as slots
  from (
    select daemon_id
    from fleet_daemon
    where expires_at between now() and now() + interval '1 h'
    union
    select $1
  ) as living
), kept as (
  update fleet_slot
  set expires_at = now() + $4
  where holder = $1
  and expires_at > now()
  returning slot, epoch
), taken as (
  update fleet_slot
  set epoch = epoch + 1,
    holder = $1,
    expires_at = now() + $4
  where slot in (
    select slot
    from fleet_slot
    where (expires_at between now() and now() + interval '1 h' or holder = $1 and expires_at > now()) is not true
    order by slot
    limit greatest((select slots from share) - (select count(*) from kept), 0)
    for update skip locked)
  returning slot, epoch
)
select held.slot, held.epoch, share.slots as share, ended.sessions as ended, ended.kept_role
from share
cross join ended
left join (table kept union all table taken) as held on true;
