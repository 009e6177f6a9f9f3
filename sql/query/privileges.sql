-- What the daemon's role lacks on this schema, for `check`: a row for each privilege it needs and has not. No row: all well.
-- Runs in the schema (search_path); a table that is missing altogether is named too.
--
-- -> object text, privilege text
select needed.object, needed.privilege
from (
  values
    ('account', 'select,insert,update,delete'),
    ('account_calendar', 'select,insert,update,delete'),
    ('account_digest', 'select,insert,update,delete'),
    ('account_feature', 'select,insert,update,delete'),
    ('account_history', 'select,insert'),
    ('account_identity', 'select,insert,update,delete'),
    ('account_mail_server', 'select,insert,update,delete'),
    ('coverage', 'select,insert'),
    ('erasure', 'select'),
    ('field_drift', 'select,insert'),
    ('history_anchor', 'select'),
    ('member', 'select,insert,update,delete'),
    ('migration', 'select'),
    ('organization', 'select,insert'),
    ('pruned_account', 'select'),
    ('rejected_account', 'select,insert,update,delete'),
    ('sweep', 'select,insert'),
    ('verification', 'select,insert,update')
) as wanted (object, privileges)
cross join lateral regexp_split_to_table(privileges, ',') as privilege
cross join lateral (select object, privilege) as needed
where coalesce(
  has_table_privilege((
    select pg_class.oid
    from pg_class
    join pg_namespace on pg_namespace.oid = relnamespace
    where nspname = current_schema
    and relname = needed.object), needed.privilege), false) is false
union all
select object, 'update'
from (
  values
    ('coverage', 'until_at,sweeps,longest_gap,pending_gap'),
    ('field_drift', 'last_seen_at'),
    ('organization', 'name,principal_id,revision,revision_id,last_swept_at,listed_at,last_changed_at,last_verified_at,'
      'consecutive_failures,last_outcome,last_error,outcome_at,digest_version,volatile_fields,also_named,'
      'sweep_interval,flush_interval,excluded_fields,skipped_turns,skipped_at'),
    ('sweep', 'attempts,finished_at')
) as updated (object, columns)
where not (
  select coalesce(bool_and(has_column_privilege(to_regclass(object), name, 'update')), false)
  from regexp_split_to_table(columns, ',') as name)
union all
select 'database ' || current_database(), 'temporary'
where not has_database_privilege(current_database(), 'temporary')
union all
select 'schema ' || coalesce(current_schema, '?'), 'usage'
where coalesce(has_schema_privilege(current_schema, 'usage'), false) is false
order by 1, 2;
