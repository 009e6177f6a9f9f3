-- Who keeps a row of organization locked while waiting for its client: a process of this role that was stopped in the middle of its
-- transaction. Its session is ended, as in query/lock_holder.
--
-- -> pid integer, application_name text, client text, is_ended boolean; no row: nobody
select
  activity.pid,
  activity.application_name,
  coalesce(host(activity.client_addr), 'local') as client,
  pg_terminate_backend(activity.pid) as is_ended
from pg_stat_activity as activity
where activity.datname = current_database()
and activity.usename = current_user
and activity.pid <> pg_backend_pid()
and activity.application_name = current_setting('application_name')
and activity.state <> 'idle'
and activity.wait_event_type = 'Client'
and (activity.wait_event <> 'ClientWrite' or activity.client_addr is null)
and activity.state_change < clock_timestamp() - interval '15 s'
and exists (
  select
  from pg_locks
  where pg_locks.pid = activity.pid
  and pg_locks.relation = 'organization'::regclass
  and pg_locks.database = (select oid from pg_database where datname = current_database())
  and pg_locks.granted);
