-- The prefix of the roles that `migrate --roles` made before, read from the schema's owner. Runs in the schema.
--
-- -> prefix text; no row: none were made
select substring(rolname from '^(.*)_owner$') as prefix
from pg_namespace
join pg_roles on pg_roles.oid = nspowner
where nspname = current_schema
and rolname like '%\_owner'
and exists (select from pg_roles as writer where writer.rolname = regexp_replace(pg_roles.rolname, '_owner$', '_writer'));
