-- The roles: every role and every object, privilege by privilege; a new object fails here until somebody says who may what.
\ir record.psql
\set text `cat sql/query/roles.sql`
prepare roles (text) as :text
\set text `cat sql/query/roles_present.sql`
prepare roles_present as :text
\set text `cat sql/query/roles_told.sql`
prepare roles_told (text) as :text
select current_database() as prefix \gset
select current_database() || '_owner' as owner, current_database() || '_writer' as writer, current_database() || '_auditor' as auditor, current_database() || '_analyst' as analyst \gset
create view nothing_yet as select * from sweep;
drop view nothing_yet;
execute roles_present;
select pg_temp.must(:ROW_COUNT = 0, 'none are there yet');
begin; execute roles (:'prefix') \gexec
commit;
begin; execute roles (:'prefix') \gexec
commit;
execute roles_present \gset present_
select pg_temp.must(:'present_prefix' = :'prefix', 'the roles made before are known');
create temp table told as execute roles_told (:'prefix');
select pg_temp.must(string_agg(distinct role, ' ' order by role) = concat_ws(' ', :'analyst', :'auditor', :'owner', :'writer'), 'each role is told') from told;
select pg_temp.must(bool_or(role = :'owner' and what = 'owns the schema "close_crm" and all in it')
  and bool_or(role = :'writer' and what like 'select, insert, update, delete on account, %')
  and bool_or(role = :'writer' and what = 'update of some columns on coverage, field_drift, organization, sweep')
  and bool_or(role = :'auditor' and what like 'select on account, %account_history%')
  and count(*) filter (where role = :'owner') = 1, 'what each has is told') from told;
drop table told;
select pg_temp.must(count(*) = 4 and not bool_or(rolcanlogin or rolsuper or rolcreaterole or rolcreatedb or rolbypassrls), 'four plain roles') from pg_roles where rolname like :'prefix' || '%';
select pg_temp.must(bool_and(pg_get_userbyid(relowner) = :'owner'), 'the owner owns') from pg_class where relnamespace = 'close_crm'::regnamespace;
select pg_temp.must(bool_and(pg_get_userbyid(proowner) = :'owner'), 'the owner owns') from pg_proc where pronamespace = 'close_crm'::regnamespace;
select pg_temp.must(pg_get_userbyid(nspowner) = :'owner', 'the owner owns') from pg_namespace where nspname = 'close_crm';

create temp table matrix (object text primary key, writer text, auditor text, analyst text default '');
insert into matrix values
  ('account', 'SELECT INSERT UPDATE DELETE', 'SELECT'), ('account_calendar', 'SELECT INSERT UPDATE DELETE', 'SELECT'),
  ('account_change', '', 'SELECT'), ('account_digest', 'SELECT INSERT UPDATE DELETE', 'SELECT'),
  ('account_feature', 'SELECT INSERT UPDATE DELETE', 'SELECT'), ('account_history', 'SELECT INSERT', 'SELECT'),
  ('account_identity', 'SELECT INSERT UPDATE DELETE', 'SELECT'), ('account_mail_server', 'SELECT INSERT UPDATE DELETE', 'SELECT'),
  ('coverage', 'SELECT INSERT', 'SELECT'), ('erasure', 'SELECT', 'SELECT'), ('field_drift', 'SELECT INSERT', 'SELECT'),
  ('fleet_daemon', 'SELECT INSERT UPDATE DELETE', ''), ('fleet_slot', 'SELECT UPDATE', ''),
  ('history_anchor', 'SELECT', 'SELECT'), ('member', 'SELECT INSERT UPDATE DELETE', 'SELECT'), ('migration', 'SELECT', 'SELECT'), ('organization', 'SELECT INSERT', 'SELECT'),
  ('pruned_account', 'SELECT', 'SELECT'), ('rejected_account', 'SELECT INSERT UPDATE DELETE', 'SELECT'), ('sweep', 'SELECT INSERT', 'SELECT'),
  ('verification', 'SELECT INSERT UPDATE', 'SELECT'), ('account_outage', '', 'SELECT'), ('account_overview', '', 'SELECT'), ('account_sender', '', 'SELECT'),
  ('account_version', '', 'SELECT'), ('organization_day', '', 'SELECT'), ('organization_status', '', 'SELECT');
update matrix set analyst = 'SELECT' where object in ('account_outage', 'organization_day', 'organization_status', 'coverage', 'sweep', 'field_drift');
select pg_temp.must(relname = object, 'in the matrix and in the schema: ' || coalesce(relname, object))
from (select relname from pg_class where relnamespace = 'close_crm'::regnamespace and relkind in ('r', 'p', 'v', 'm', 'S', 'f')) as made
full join matrix on object = relname;
select pg_temp.must(has_table_privilege(role, 'close_crm.' || object, privilege) = (privilege = any (string_to_array(allowed, ' '))), role || ' ' || privilege || ' ' || object)
from matrix
cross join lateral (values (:'writer', writer), (:'auditor', auditor), (:'analyst', analyst), (:'owner', 'SELECT INSERT UPDATE DELETE TRUNCATE REFERENCES TRIGGER')) as each (role, allowed)
cross join unnest(array['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER']) as privilege;
select pg_temp.must(has_column_privilege(role, attrelid, attnum, privilege) =
  (has_table_privilege(role, attrelid, privilege) or role = :'writer' and privilege = 'UPDATE' and case relname
    when 'sweep' then attname in ('attempts', 'finished_at')
    when 'coverage' then attname in ('until_at', 'sweeps', 'longest_gap', 'pending_gap')
    when 'field_drift' then attname = 'last_seen_at'
    when 'organization' then attname not in ('organization_id', 'user_id')
    else false end),
  role || ' ' || privilege || ' ' || relname || '.' || attname)
from pg_attribute
join pg_class on pg_class.oid = attrelid
cross join unnest(array['SELECT', 'INSERT', 'UPDATE', 'REFERENCES']) as privilege
cross join (values (:'writer'), (:'auditor'), (:'analyst')) as each (role)
where relnamespace = 'close_crm'::regnamespace and relkind in ('r', 'p', 'v') and attnum > 0 and not attisdropped;
select pg_temp.must(has_function_privilege(role, oid, 'EXECUTE') = (role = :'owner' or proname not in ('erase_history', 'prune_history') and (role = :'writer' or proname <> 'request_sync')), role || ' ' || proname)
from pg_proc
cross join (values (:'writer'), (:'auditor'), (:'analyst'), (:'owner')) as each (role)
where pronamespace = 'close_crm'::regnamespace;
select pg_temp.must(has_schema_privilege(role, 'close_crm', 'USAGE') and has_schema_privilege(role, 'close_crm', 'CREATE') = (role = :'owner'), role || ' in the schema')
from (values (:'writer'), (:'auditor'), (:'analyst'), (:'owner')) as each (role);
select pg_temp.must(has_database_privilege(:'writer', current_database(), 'TEMPORARY'), 'temporary tables');

-- What the matrix says, tried.
select pg_temp.record('o', 'a', '2026-01-01', '{"id": "a", "_type": "zoom"}');
select pg_temp.record('o', 'b', '2026-01-01', '{"id": "b", "_type": "zoom"}');
select pg_temp.record('o', 'b', '2026-01-02', null);
grant temporary, create on database :prefix to :owner;
grant execute on all functions in schema pg_temp to public;
do $$ begin execute format('grant usage on schema %I to public', (select nspname from pg_namespace where oid = pg_my_temp_schema())); end $$;
set role :writer;
select pg_temp.must(pg_temp.refused(statement, '42501'), statement) from (values
  ('update account_history set sweep_id = 1'), ('delete from account_history'), ('truncate account_history'), ('update sweep set outcome = ''x'''), ('delete from sweep'),
  ('select * from erase_history(null, ''b'', null, null)'), ('select * from prune_history(''1 s'')'), ('delete from coverage'), ('insert into erasure default values'),
  ('insert into history_anchor default values'), ('insert into pruned_account values (''o'', ''b'', 9)'), ('update pruned_account set version = 9'), ('delete from pruned_account'), ('alter table account_history disable trigger all'), ('create table close_crm.mine ()'), ('drop table account'),
  ('delete from organization'), ('update organization set user_id = null'), ('update coverage set from_at = now()'), ('update field_drift set first_seen_at = now()'), ('insert into migration values (99, ''x'', ''x'')')) as attempt (statement);
update sweep set attempts = attempts + 1, finished_at = now();
select * from organization for update;
set role :auditor;
select pg_temp.must(count(*) = 0, 'the auditor proves') from verify_history('o');
select pg_temp.must(count(*) = 2, 'the mirror is empty: two differences') from verify_mirror('o');
select pg_temp.must(count(*) = 2, 'and travels') from account_as_of('2026-01-01');
select pg_temp.must(count(*) = 3, 'sees changes') from account_change;
select pg_temp.must(head_text('o') like 'organization_id=o seq=3 %', 'and heads');
select pg_temp.must(was_watching('o', now(), now()) is false, 'and coverage');
select pg_temp.must(pg_temp.refused(statement, '42501'), statement) from (values ('insert into account_history default values'), ('update account set email = null'), ('table fleet_slot'), ('select request_sync()'),
  ('select * from erase_history(null, ''b'', null, null)')) as attempt (statement);
set role :analyst;
select pg_temp.must(count(*) = 1, 'the analyst counts') from organization_status;
select pg_temp.must(count(*) >= 1, 'by day') from organization_day;
select pg_temp.must(count(*) = 0, 'and outages') from account_outage;
select pg_temp.must(pg_temp.refused('table ' || name, '42501'), name) from unnest(array['account', 'account_history', 'account_identity', 'account_mail_server',
  'account_calendar', 'member', 'rejected_account', 'account_overview', 'account_version', 'account_sender', 'account_change', 'organization']) as name;
set role :owner;
select pg_temp.must(documents = 1, 'the owner erases') from erase_history(null, 'b', null, 'asked');
select pg_temp.must(dropped = 2, 'and prunes') from prune_history('1 s');
select pg_temp.must(pg_temp.refused('delete from account_history', 'CS004'), 'and does nothing else');
reset role;
drop owned by :writer, :auditor, :analyst, :owner cascade;
drop role :writer, :auditor, :analyst, :owner;
