-- Whether the schema is there and whose, before anything is asked of it. Works in any database, with any privilege.
--
-- $1 schema text -> server_version_num integer, database text, role text, exists boolean, owner text, is_owner boolean (may act as
-- it), may_create boolean (objects in it, or the schema itself), has_migrations boolean, encoding text, stranger text (without
-- migrations: a relation there that bears the name of one of ours)
select
  current_setting('server_version_num')::integer as server_version_num,
  current_database()::text as database,
  current_user::text as role,
  space.oid is not null as exists,
  pg_get_userbyid(space.nspowner)::text as owner,
  coalesce(pg_has_role(space.nspowner, 'usage'), false) as is_owner,
  case when space.oid is null then has_database_privilege(current_database(), 'create')
    else has_schema_privilege(space.oid, 'create') end as may_create,
  exists (
    select
    from pg_class
    where relnamespace = space.oid
    and relname = 'migration'
    and relkind in ('r', 'p')
  ) as has_migrations,
  current_setting('server_encoding') as encoding,
  (
    select min(pg_class.relname::text)
    from pg_class
    where relnamespace = space.oid
    and relname in (
      'account', 'account_calendar', 'account_digest', 'account_feature', 'account_history', 'account_identity',
      'account_mail_server', 'coverage', 'erasure', 'field_drift', 'fleet_daemon', 'fleet_slot', 'history_anchor', 'member',
      'organization', 'pruned_account', 'rejected_account', 'sweep', 'verification')
  ) as stranger
from (values ($1::text)) as wanted (name)
left join pg_namespace as space on space.nspname = wanted.name;
