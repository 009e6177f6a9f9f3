-- Who holds the advisory lock of that name; pid NULL: nobody. What other roles' sessions do is hidden from an ordinary role (NULL). A
-- session of this role whose client is gone is ended: one that this process lost, or one of closesyncd that has waited for its client for
-- fifteen seconds in the middle of its work (a process that lives does not wait for a tenth of one). A silent idle one ends by itself, and
-- so does one that is stuck on the network (query/session).
--
-- $1 name text, $2 pid integer and $3 backend_start timestamptz of a session that this process had (or NULLs)
-- -> organization_id text (NULL: not bound), pid integer, application_name text, client text, since timestamptz, is_ended boolean
select
  (select organization_id from organization where name = $1) as organization_id,
  lock.pid,
  activity.application_name,
  coalesce(host(activity.client_addr), 'local') as client,
  activity.backend_start as since,
  case
    when activity.usename = current_user
    and lock.pid <> pg_backend_pid()
    and (
      (lock.pid, activity.backend_start) = ($2::integer, $3::timestamptz)
      or activity.application_name = current_setting('application_name')
      and activity.state <> 'idle'
      and activity.wait_event_type = 'Client'
      and (activity.wait_event <> 'ClientWrite' or activity.client_addr is null)
      and activity.state_change < clock_timestamp() - interval '15 s')
    then pg_terminate_backend(lock.pid)
    else false end as is_ended
from (values (hashtextextended($1::text, hashtext(current_schema)))) as wanted (key)
left join pg_locks as lock
  on lock.locktype = 'advisory'
  and lock.objsubid = 1
  and lock.granted
  and lock.database = (select oid from pg_database where datname = current_database())
  and (lock.classid::bigint << 32 | lock.objid::bigint) = wanted.key
left join pg_stat_activity as activity using (pid)
limit 1;
