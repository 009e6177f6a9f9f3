-- Every table, column and function says what it is for; every key begins with organization_id.
\ir prepare.psql
select pg_temp.must(obj_description(oid, 'pg_class') is not null, relname) from pg_class where relnamespace = 'close_crm'::regnamespace and relkind in ('r', 'v');
select pg_temp.must(col_description(attrelid, attnum) is not null, attrelid::regclass || '.' || attname)
from pg_attribute join pg_class on pg_class.oid = attrelid
where relnamespace = 'close_crm'::regnamespace and relkind in ('r', 'v') and attnum > 0 and not attisdropped;
select pg_temp.must(obj_description(oid, 'pg_proc') is not null or proname = 'history_hash', proname) from pg_proc where pronamespace = 'close_crm'::regnamespace;
select pg_temp.must(attname = 'organization_id', conrelid::regclass::text)
from pg_constraint join pg_attribute on attrelid = conrelid and attnum = conkey[1]
where contype = 'p' and connamespace = 'close_crm'::regnamespace and conrelid::regclass::text not in ('migration', 'fleet_daemon', 'fleet_slot');
