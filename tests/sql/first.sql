-- A first fill looks for nothing where no table knows anything of the organization, and for all where one row was left by an organization
-- whose own row is gone: else that row would stop it.
\ir prepare.psql
set session_replication_role = replica; -- a row by itself, which the history's triggers would refuse

create function pg_temp.left_row(name text) returns text language sql as $$
  select format(
    'insert into %I (%s) values (%s)', name, string_agg(quote_ident(column_name), ', '),
    string_agg(
      case
        when column_name = 'organization_id' then '''orga_1'''
        when data_type = 'text' then '''x'''
        when data_type = 'bytea' then '''\x'''
        when data_type in ('jsonb', 'ARRAY') then '''{}'''
        when data_type = 'boolean' then 'true'
        when data_type like 'timestamp%' then 'now()'
        else '''1'''
      end, ', '))
  from information_schema.columns
  where table_schema = current_schema and table_name = name and is_nullable = 'NO' and is_generated = 'NEVER';
$$;
create temp table looked_into as
select table_name, pg_temp.left_row(table_name) as insertion
from information_schema.columns
where table_schema = current_schema and column_name = 'account_id'
and table_name in (select tablename from pg_tables where schemaname = current_schema)
and table_name <> 'pruned_account' -- behind an anchor
union all
select 'history_anchor', pg_temp.left_row('history_anchor');
select pg_temp.must(count(*) = 9, 'nine tables: ' || string_agg(table_name, ' ')) from looked_into;

select format('%L', format('execute begin (''orga_1'', null, ''one'', ''user_p'', null, ''2026-01-01'', null, null, ''{}'', true, true, 1, ''one'', %s, ''{}'')', :'holder')) as begin \gset
begin;
execute hold ('orga_1');
select :begin \gexec
select pg_temp.must(is_first, 'nothing is known') from sweep_begun;
rollback;
select statement
from looked_into
cross join lateral (
  values
    (1, 'begin'), (2, insertion), (3, 'execute hold (''orga_1'')'), (4, :begin),
    (5, format('select pg_temp.must(count(*) = 1 and not bool_or(is_first), %L) from sweep_begun', 'a row was left in ' || table_name)),
    (6, 'rollback')) as step (number, statement)
order by table_name, number \gexec
