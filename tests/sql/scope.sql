-- sync.exclude_fields set, changed and taken back, with and without a change at Close: rows, counts, times, and what still proves.
\ir prepare.psql
\set gone '{}'
\set rejected '[]'
\set unseen '{}'
\set error ''
\set volatile '{lead_suggestions_updated_at}'
\set verify true
\set complete true
\set revision null
create procedure pg_temp.proven() language plpgsql as $$
begin
  perform pg_temp.must(count(*) = 0, string_agg(format('%s %s', seq, problem), ', ')) from verify_history('orga_1');
  perform pg_temp.must(count(*) = 0, string_agg(format('%s %s %s', table_name, account_id, problem), ', ')) from verify_mirror('orga_1');
  perform pg_temp.must((select jsonb_agg(to_jsonb(a) order by a.account_id) from account as a) = (select jsonb_agg(to_jsonb(p) order by p.account_id) from account_as_of('infinity') as p), 'as of now');
end $$;
create function pg_temp.rows_after(first bigint) returns text language sql as $$
  select string_agg(format('%s %s %s %s %s', account_id, version, change, array_to_string(changed_fields, ','), to_char(not_before, 'MI')), '; ' order by seq) from account_history where seq > first $$;

-- What is asked for, and the old document there.
select pg_temp.must(is_asked('brand_new', '{}') and not is_asked('brand_new', '{email}') and not is_asked('email', '{email}') and is_asked('smtp', '{email}')
  and not is_asked('receive_attempts_count', '{email}'), 'asked');
select pg_temp.must(count(*) = 26, 'the defaults') from jsonb_object_keys(account_field() -> '') as name where is_asked(name, '{none}');
select pg_temp.must(rescoped_document('{"id": "a", "email": "x", "smtp": 1, "new": 1}', '{"id": "b", "imap": 2}', '{}', '{email}') = '{"id": "a", "smtp": 1}', 'narrower');
select pg_temp.must(rescoped_document('{"id": "a", "smtp": 1}', '{"id": "b", "email": "x", "new": 1, "smtp": 2}', '{email}', '{}') = '{"id": "a", "smtp": 1, "email": "x", "new": 1}', 'wider');

select jsonb_build_array(jsonb_build_array('a', repeat('0a', 32), repeat('0b', 32), '{"_type":"google","id":"a","email":"a@x","send_status":"ok","smtp":{"host":"h"},"lead_suggestions_updated_at":"2022-11-08","new":1}'::jsonb),
  jsonb_build_array('b', repeat('0c', 32), repeat('0d', 32), '{"_type":"zoom","id":"b","send_status":"ok"}'::jsonb)) as batch \gset
\set outcome unchanged
\set started '2026-01-01 00:00'
\ir sweep.psql
select pg_temp.must(:'outcome' = 'changed' and :added = 2 and :rescoped = 0, 'filled');
select pg_temp.must(excluded_fields = '{}', 'nothing is excluded') from organization;
select observed_at as filled_at from account_history where seq = 1 \gset

-- Narrower, also by a volatile field, and nothing happened at Close: `b` never had any of it.
\set excluded '{email,lead_suggestions_updated_at}'
\set narrow_a '{"_type":"google","id":"a","send_status":"ok","smtp":{"host":"h"}}'
select jsonb_build_array(jsonb_build_array('a', repeat('1a', 32), repeat('1b', 32), :'narrow_a'::jsonb), jsonb_build_array('b', repeat('0c', 32), repeat('0d', 32), '{"_type":"zoom","id":"b","send_status":"ok"}'::jsonb)) as batch \gset
\set outcome unchanged
\set started '2026-01-01 00:01'
\ir sweep.psql
select pg_temp.must(:'outcome' = 'changed' and :added + :changed + :removed + :repaired = 0 and :rescoped = 1 and :revision = 2, 'narrower');
select pg_temp.must(pg_temp.rows_after(2) = 'a 2 rescoped email,lead_suggestions_updated_at,new 00', pg_temp.rows_after(2));
select pg_temp.must(changed_at = :'filled_at' and email is null and other = '{}', 'no change at Close') from account where account_id = 'a';
select pg_temp.must(excluded_fields = :'excluded', 'remembered') from organization;
select pg_temp.must(bool_and(excluded_fields = :'excluded'), 'of each') from account_digest;
select pg_temp.must(rescoped = 1 and added + changed + removed = 0 and outcome = 'changed', 'its sweep') from sweep order by sweep_id desc limit 1;
call pg_temp.proven();
select pg_temp.must(changed_at = :'filled_at', 'time travel') from account_as_of('infinity') where account_id = 'a';

-- The plan, and then the sweep: wider again, while Close changed something that both asked for, and something nobody did.
\set wide_a '{"_type":"google","id":"a","email":"new@x","send_status":"error","smtp":{"host":"h"}}'
select jsonb_build_array(jsonb_build_array('a', repeat('2a', 32), repeat('2b', 32), :'wide_a'::jsonb), jsonb_build_array('b', repeat('0c', 32), repeat('0d', 32), '{"_type":"zoom","id":"b","send_status":"ok"}'::jsonb)) as batch \gset
execute difference ('orga_1', :'batch', '{}', :'volatile', '{}') \g /tmp/closesyncd_scope
\set plan `cat /tmp/closesyncd_scope; rm /tmp/closesyncd_scope`
select pg_temp.must(:'plan' = E'rescoped|a|google|new@x|email||"new@x"\nchanged|a|google|new@x|send_status|"ok"|"error"', :'plan');
\set excluded '{}'
\set outcome unchanged
\set started '2026-01-01 00:02'
\ir sweep.psql
select pg_temp.must(:'outcome' = 'changed' and :changed = 1 and :rescoped = 1, 'wider');
select pg_temp.must(pg_temp.rows_after(3) = 'a 3 rescoped email 01; a 4 changed send_status 01', pg_temp.rows_after(3));
select pg_temp.must(count(distinct observed_at) = 1 and count(distinct sweep_id) = 1, 'one moment') from account_history where seq > 3;
select pg_temp.must(changed_at = (select observed_at from account_history where seq = 5), 'a change at Close') from account where account_id = 'a';
call pg_temp.proven();
select pg_temp.must((select string_agg(change || ' ' || field, ', ' order by seq, field) from account_change where seq > 2) = 'rescoped email, rescoped lead_suggestions_updated_at, rescoped new, rescoped email, changed send_status', 'by field');
select pg_temp.must((select string_agg(change || ' ' || field, ', ' order by field) from account_difference(:'filled_at', 'infinity')) = 'changed email, rescoped lead_suggestions_updated_at, rescoped new, changed send_status', 'the net');

-- An incomplete listing under another setting does what it can, and the next sweep verifies, under whichever.
\set excluded '{email}'
select jsonb_build_array(jsonb_build_array('b', repeat('0c', 32), repeat('0d', 32), '{"_type":"zoom","id":"b","send_status":"ok"}'::jsonb)) as batch \gset
\set outcome incomplete
\set error 'a page was missing'
\set complete false
\set unseen '{a}'
\set started '2026-01-01 00:03'
\ir sweep.psql
select pg_temp.must(:'outcome' = 'incomplete' and :rescoped = 0, 'incomplete');
execute q_begin ('one', null, :'volatile', 1, '1000 years', '{}') \gset
select pg_temp.must(:'is_verification_due', 'the next one verifies');
select revision from organization \gset
select pg_temp.must(excluded_fields = '{}', 'of the last complete one') from organization;
select pg_temp.must((select string_agg(account_id || excluded_fields::text, ' ' order by account_id) from account_digest) = 'a{} b{email}', 'of each');
execute stored ('orga_1', false, '{}') \g /tmp/closesyncd_scope
\set stored `grep -c '||$' /tmp/closesyncd_scope; rm /tmp/closesyncd_scope`
select pg_temp.must(:'stored' = '1', 'what was taken under another setting is sent again');

-- Away and back while the setting changes: no rescoping, the document is a new one; and a row that is missing is taken as the organization's.
\set error ''
\set complete true
\set batch '[]'
\set outcome unchanged
\set unseen '{b}'
\set gone '{a}'
\set started '2026-01-01 00:04'
\ir sweep.psql
\set gone '{}'
delete from account_digest where account_id = 'b';
select jsonb_build_array(jsonb_build_array('a', repeat('3a', 32), repeat('3b', 32), :'narrow_a'::jsonb), jsonb_build_array('b', repeat('0c', 32), repeat('0d', 32), '{"_type":"zoom","id":"b","send_status":"error"}'::jsonb)) as batch \gset
\set unseen '{}'
\set outcome unchanged
\set started '2026-01-01 00:05'
\ir sweep.psql
select pg_temp.must(:added = 1 and :changed = 1 and :rescoped = 0, 'back');
call pg_temp.proven();

-- Pruning leaves a rescoped row alone: account remembers when Close changed something last.
\set excluded '{}'
select jsonb_build_array(jsonb_build_array('a', repeat('4a', 32), repeat('4b', 32), :'wide_a'::jsonb), jsonb_build_array('b', repeat('0c', 32), repeat('0d', 32), '{"_type":"zoom","id":"b","send_status":"error"}'::jsonb)) as batch \gset
\set outcome unchanged
\set started '2026-01-01 00:06'
\ir sweep.psql
select pg_temp.must(:rescoped = 1 and :changed = 1, 'once more');
select changed_at from account where account_id = 'a' \gset
\set excluded '{smtp}'
select jsonb_build_array(jsonb_build_array('a', repeat('5a', 32), repeat('5b', 32), :'wide_a'::jsonb - 'smtp')) as batch \gset
\set outcome unchanged
\set started '2026-01-01 00:07'
\ir sweep.psql
select pg_temp.must(:rescoped = 1 and :changed = 0, 'the last row is no change');
select pg_temp.must(count(*) = 1, 'pruned') from prune_history('0 s');
select pg_temp.must(string_agg(change, ',') = 'rescoped', 'the one that is left') from account_history where account_id = 'a';
call pg_temp.proven();
select revision from organization \gset
\set outcome unchanged
\set started '2026-01-01 00:08'
\ir sweep.psql
select pg_temp.must(:'outcome' = 'unchanged' and :repaired = 0, 'nothing more');
select pg_temp.must(changed_at = :'changed_at', 'as remembered') from account where account_id = 'a';
call pg_temp.proven();

-- The net between two times, of an account whose address changes, is dropped, comes back and changes: `rescoped` is what was asked for at one
-- of the two times alone. So it stays when erased, but for the values.
\set excluded '{}'
select jsonb_build_array(jsonb_build_array('n', repeat('6a', 32), repeat('6a', 32), jsonb_build_object('_type', 'zoom', 'id', 'n', 'email', '1@x'))) as batch \gset
\set outcome unchanged
\set started '2026-01-01 00:09'
\ir sweep.psql
select max(observed_at) as first_at from account_history \gset
select jsonb_build_array(jsonb_build_array('n', repeat('6b', 32), repeat('6b', 32), jsonb_build_object('_type', 'zoom', 'id', 'n', 'email', '2@x'))) as batch \gset
\set outcome unchanged
\set started '2026-01-01 00:10'
\ir sweep.psql
select max(observed_at) as changed_at from account_history \gset
\set excluded '{email}'
select jsonb_build_array(jsonb_build_array('n', repeat('6c', 32), repeat('6c', 32), jsonb_build_object('_type', 'zoom', 'id', 'n'))) as batch \gset
\set outcome unchanged
\set started '2026-01-01 00:11'
\ir sweep.psql
select max(observed_at) as dropped_at from account_history \gset
\set excluded '{}'
select jsonb_build_array(jsonb_build_array('n', repeat('6d', 32), repeat('6d', 32), jsonb_build_object('_type', 'zoom', 'id', 'n', 'email', '3@x'))) as batch \gset
\set outcome unchanged
\set started '2026-01-01 00:12'
\ir sweep.psql
select max(observed_at) as back_at from account_history \gset
select jsonb_build_array(jsonb_build_array('n', repeat('6e', 32), repeat('6e', 32), jsonb_build_object('_type', 'zoom', 'id', 'n', 'email', '4@x'))) as batch \gset
\set outcome unchanged
\set started '2026-01-01 00:13'
\ir sweep.psql
select max(observed_at) as last_at from account_history \gset
select pg_temp.must(string_agg(change, ' ' order by version) = 'added changed rescoped rescoped changed', 'as told') from account_history where account_id = 'n';
create function pg_temp.net(since timestamptz, until timestamptz) returns text language sql as $$
  select string_agg(concat_ws(' ', change, field, old_value, '->', new_value), ', ' order by field) from account_difference(since, until) where account_id = 'n' $$;
create temp table expected as select * from (values
  (:'first_at'::timestamptz, :'dropped_at'::timestamptz, 'rescoped email "1@x" ->', 'rescoped email ->'),
  (:'changed_at', :'dropped_at', 'rescoped email "2@x" ->', 'rescoped email ->'),
  (:'dropped_at', :'back_at', 'rescoped email -> "3@x"', 'rescoped email ->'),
  (:'dropped_at', :'last_at', 'rescoped email -> "4@x"', 'rescoped email ->'),
  (:'changed_at', :'back_at', 'changed email "2@x" -> "3@x"', 'changed email ->'),
  (:'first_at', :'last_at', 'changed email "1@x" -> "4@x"', 'changed email ->')) as v (since, until, net, erased);
select pg_temp.must(pg_temp.net(since, until) = net, net || ' is not ' || pg_temp.net(since, until)) from expected;
call pg_temp.proven();
\set batch '[]'
\set gone '{n}'
\set outcome unchanged
\set started '2026-01-01 00:14'
\ir sweep.psql
\set gone '{}'
select pg_temp.must(documents = 5, 'erased') from erase_history(null, 'n', null, null);
select pg_temp.must(pg_temp.net(since, until) = erased, erased || ' is not ' || pg_temp.net(since, until)) from expected;
