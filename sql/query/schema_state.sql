-- Whether the schema is there and whose, before anything is asked of it. Works in any database, with any privilege.
--
-- $1 schema text -> server_version_num integer, database text, role text, exists boolean, owner text, is_owner boolean (may act as
-- it), may_create boolean (objects in it, or the schema itself), has_migrations boolean, encoding text, stranger text (without
-- migrations: a relation there that bears the name of one of ours), renamed_from text (the schema in which functions of this one look:
-- what it was called when they were made), renamed_to text (another schema whose functions look in this one)
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
  ) as stranger,
  (
    select min(split_part(split_part(setting, '=', 2), ',', 1))
    from pg_proc
    cross join lateral unnest(proconfig) as setting
    where pronamespace = space.oid
    and proname = 'request_sync'
    and setting like 'search\_path=%'
    and setting <> 'search_path=' || quote_ident(space.nspname) || ', pg_temp'
  ) as renamed_from,
  (
    select min(other.nspname::text)
    from pg_proc
    join pg_namespace as other on other.oid = pronamespace
    cross join lateral unnest(proconfig) as setting
    where proname = 'request_sync'
    and other.nspname <> wanted.name
    and setting = 'search_path=' || quote_ident(wanted.name) || ', pg_temp'
  ) as renamed_to
from (values ($1::text)) as wanted (name)
left join pg_namespace as space on space.nspname = wanted.name;
