-- No function of ours is named like a keyword of PostgreSQL 15 to 18, no table or column like one that is reserved: the grammar takes such
-- names away (json_object in 16), and a dump, whose server did not know the word yet, writes them without quotes.
\ir prepare.psql
-- What pg_get_keywords() of 17 and 18 has and that of 15 has not; 16's are among them.
create temp table keyword as
select word, catcode = 'R' as is_reserved
from pg_get_keywords()
union
select word, word = 'system_user'
from string_to_table('absent conditional empty enforced error format indent json json_array json_arrayagg json_exists json_object
  json_objectagg json_query json_scalar json_serialize json_table json_value keep keys merge_action nested objects omit path period plan
  quotes scalar source string system_user target unconditional virtual', ' ') as line
cross join trim(line, E'\n ') as word
where word <> '';
select pg_temp.must(count(*) > 480 and bool_or(word = 'json_object'), 'there are keywords') from keyword;
select pg_temp.must(count(*) > 40 and count(*) filter (where word is not null) = 0,
  format('functions are named like keywords: %s', string_agg(proname, ', ') filter (where word is not null)))
from pg_proc
left join keyword on word = proname
where pronamespace = 'close_crm'::regnamespace;
select pg_temp.must(count(*) > 100 and count(*) filter (where word is not null) = 0,
  format('tables and columns are named like reserved words: %s', string_agg(name, ', ') filter (where word is not null)))
from (
  select table_name::text as name from information_schema.tables where table_schema = 'close_crm'
  union all
  select column_name from information_schema.columns where table_schema = 'close_crm'
) as named
left join keyword on word = name and is_reserved;
