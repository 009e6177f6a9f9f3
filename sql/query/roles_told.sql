-- What each of the roles has on this schema, as the catalogs say, for people. Runs in the schema.
--
-- $1 prefix text -> role text, what text
with role as (
  select pg_roles.oid, rolname, place
  from unnest(array['owner', 'writer', 'auditor', 'analyst']) with ordinality as kind (name, place)
  join pg_roles on rolname = $1::text || '_' || kind.name
), space as (
  select oid, nspname, nspowner
  from pg_namespace
  where nspname = current_schema
), given as (
  select role.oid as role_oid, relname::text as name,
    string_agg(lower(privilege_type), ', ' order by position(privilege_type in 'SELECT INSERT UPDATE DELETE')) as privileges
  from pg_class
  join space on space.oid = relnamespace
  cross join lateral aclexplode(relacl) as acl
  join role on role.oid = acl.grantee
  where role.oid <> pg_class.relowner
  and relkind in ('r', 'p', 'v')
  group by role.oid, relname
  union all
  select distinct role.oid, relname::text, 'update of some columns'
  from pg_class
  join space on space.oid = relnamespace
  join pg_attribute on attrelid = pg_class.oid
  cross join lateral aclexplode(attacl) as acl
  join role on role.oid = acl.grantee
)
select rolname::text as role, what
from (
  select rolname, place, 0 as line, format('owns the schema "%s" and all in it', nspname) as what
  from role
  join space on nspowner = role.oid
  union all
  select rolname, place, 1, privileges || ' on ' || string_agg(given.name, ', ' order by given.name)
  from role
  join given on role_oid = role.oid
  group by rolname, place, privileges
) as told
order by place, line, what;
