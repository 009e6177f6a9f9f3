-- Who holds the advisory lock of that name; pid NULL: nobody. What other roles' sessions do is hidden from an ordinary role (NULL).
--
-- $1 name text -> organization_id text (NULL: not bound), pid integer, application_name text, client text, since timestamptz
select
  (select organization_id from organization where name = $1) as organization_id,
  lock.pid,
  activity.application_name,
  coalesce(host(activity.client_addr), 'local') as client,
  activity.backend_start as since
from (values (hashtextextended($1::text, hashtext(current_schema)))) as wanted (key)
left join pg_locks as lock
  on lock.locktype = 'advisory'
  and lock.objsubid = 1
  and lock.granted
  and lock.database = (select oid from pg_database where datname = current_database())
  and (lock.classid::bigint << 32 | lock.objid::bigint) = wanted.key
left join pg_stat_activity as activity using (pid)
limit 1;
