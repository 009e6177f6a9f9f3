-- The statements that make the roles PREFIX_owner, PREFIX_writer, PREFIX_auditor and PREFIX_analyst, give the schema to the owner and each role what
-- it needs and nothing more; run in this order, in one transaction; again at will. Runs in the schema.
--
-- $1 prefix text -> statement text
with named as (
  select prefix, quote_ident(prefix || '_owner') as owner, quote_ident(prefix || '_writer') as writer,
    quote_ident(prefix || '_auditor') as auditor, quote_ident(prefix || '_analyst') as analyst,
    quote_ident(current_schema) as schema
  from (values ($1::text)) as given (prefix)
), object as (
  select
    relname as name, case relkind when 'v' then 'view' when 'S' then 'sequence' else 'table' end as kind,
    quote_ident(relname) as identity, relowner as owner
  from pg_class
  where relnamespace = (select oid from pg_namespace where nspname = current_schema)
  and relkind in ('r', 'p', 'v', 'S')
  union all
  select proname, 'routine', format('%I(%s)', proname, pg_get_function_identity_arguments(oid)), proowner
  from pg_proc
  where pronamespace = (select oid from pg_namespace where nspname = current_schema)
  and prokind in ('f', 'a', 'p')
), granted (role, privileges, name) as (
  values
    ('writer', 'select, insert, update, delete', 'account'),
    ('writer', 'select, insert, update, delete', 'account_calendar'),
    ('writer', 'select, insert, update, delete', 'account_digest'),
    ('writer', 'select, insert, update, delete', 'account_feature'),
    ('writer', 'select, insert, update, delete', 'account_identity'),
    ('writer', 'select, insert, update, delete', 'account_mail_server'),
    ('writer', 'select, insert, update, delete', 'rejected_account'),
    ('writer', 'select, insert', 'account_history'),
    ('writer', 'select, insert, update (attempts, finished_at)', 'sweep'),
    ('writer', 'select, insert, update (until_at, sweeps, longest_gap, pending_gap)', 'coverage'),
    ('writer', 'select, insert, update (last_seen_at)', 'field_drift'),
    ('writer', 'select, insert, update (name, principal_id, revision, revision_id, last_swept_at, listed_at, last_changed_at, last_verified_at, '
      'consecutive_failures, last_outcome, last_error, outcome_at, digest_version, volatile_fields, also_named, '
      'sweep_interval, flush_interval, excluded_fields, skipped_turns, skipped_at)', 'organization'),
    ('writer', 'select, insert, update, delete', 'member'),
    ('writer', 'select, insert, update', 'verification'),
    ('writer', 'select, insert, update, delete', 'fleet_daemon'),
    ('writer', 'select, update', 'fleet_slot'),
    ('writer', 'select', 'migration'),
    ('writer', 'select', 'erasure'), -- for the heads it logs, as history_anchor
    ('writer', 'select', 'history_anchor'),
    ('writer', 'select', 'pruned_account'),
    ('auditor', 'select', 'account'),
    ('auditor', 'select', 'account_calendar'),
    ('auditor', 'select', 'account_change'),
    ('auditor', 'select', 'account_digest'),
    ('auditor', 'select', 'account_feature'),
    ('auditor', 'select', 'account_history'),
    ('auditor', 'select', 'account_identity'),
    ('auditor', 'select', 'account_mail_server'),
    ('auditor', 'select', 'account_outage'),
    ('auditor', 'select', 'account_overview'),
    ('auditor', 'select', 'account_sender'),
    ('auditor', 'select', 'account_version'),
    ('auditor', 'select', 'coverage'),
    ('auditor', 'select', 'erasure'),
    ('auditor', 'select', 'field_drift'),
    ('auditor', 'select', 'history_anchor'),
    ('auditor', 'select', 'member'),
    ('auditor', 'select', 'migration'),
    ('auditor', 'select', 'organization'),
    ('auditor', 'select', 'organization_day'),
    ('auditor', 'select', 'organization_status'),
    ('auditor', 'select', 'pruned_account'),
    ('auditor', 'select', 'rejected_account'),
    ('auditor', 'select', 'sweep'),
    ('auditor', 'select', 'verification'),
    -- No address, no name, no document.
    ('analyst', 'select', 'account_outage'),
    ('analyst', 'select', 'coverage'),
    ('analyst', 'select', 'field_drift'),
    ('analyst', 'select', 'organization_day'),
    ('analyst', 'select', 'organization_status'),
    ('analyst', 'select', 'sweep')
), statement (place, text) as (
  select 10, format('create role %s nologin', role)
  from named
  cross join lateral (values (owner, prefix || '_owner'), (writer, prefix || '_writer'), (auditor, prefix || '_auditor'), (analyst, prefix || '_analyst')) as wanted (role, name)
  where not exists (select from pg_roles where rolname = wanted.name)
  union all
  -- Giving something away takes membership in the role it goes to.
  select 20, format('grant %s to %I', owner, current_user)
  from named
  where not (select rolsuper from pg_roles where rolname = current_user)
  and not exists (select from pg_roles where rolname = prefix || '_owner' and pg_has_role(current_user, oid, 'usage'))
  union all
  select 21, format('grant create on database %I to %s', current_database(), owner)
  from named
  where not (select rolsuper from pg_roles where rolname = current_user)
  union all
  select 30, format('alter schema %s owner to %s', schema, owner)
  from named
  union all
  select 31, format('alter %s %s.%s owner to %s', kind, schema, identity, named.owner)
  from named
  cross join object
  where kind <> 'sequence'
  and pg_get_userbyid(object.owner) <> prefix || '_owner'
  union all
  select 40, format('revoke all on schema %s from %s, %s, %s', schema, writer, auditor, analyst)
  from named
  union all
  select 41, format('revoke all on all tables in schema %s from public, %s, %s, %s', schema, writer, auditor, analyst)
  from named
  union all
  -- Everybody may call the functions, within what he may read and write; but to make the daemon work is for those who run it.
  select 42, format('revoke all on function %s.request_sync from public, %s, %s', schema, auditor, analyst)
  from named
  union all
  select 43, format('grant execute on function %s.request_sync to %s', schema, writer)
  from named
  union all
  select 50, format('grant usage on schema %s to %s, %s, %s', schema, writer, auditor, analyst)
  from named
  union all
  -- The steps of a sweep work in temporary tables.
  select 51, format('grant temporary on database %I to %s', current_database(), writer)
  from named
  where not exists (
    select
    from pg_database
    cross join lateral aclexplode(coalesce(datacl, acldefault('d', datdba))) as given
    where datname = current_database()
    and given.grantee = 0
    and given.privilege_type = 'TEMPORARY')
  union all
  select 60, format('grant %s on %s.%I to %s', privileges, schema, name, case role when 'writer' then writer when 'auditor' then auditor else analyst end)
  from named
  cross join granted
)
select text as statement
from statement
order by place, text;
