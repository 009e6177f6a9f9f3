-- sync.exclude_fields while listings stay incomplete: each account was taken under a setting of its own, and the organization tells none.
\ir prepare.psql
\set gone '{}'
\set rejected '[]'
\set error 'a page was missing'
\set volatile '{}'
\set verify true
\set complete false
\set revision null
\set whole_a '{"_type":"google","id":"a","send_status":"ok","identities":[{"email":"a@x","name":"A"}],"default_identity":{"email":"a@x","name":"A"},"available_calendars":[{"id":"c","synced":true}]}'
create function pg_temp.told() returns text language sql as $$
  select string_agg(concat_ws(' ', account_id, coalesce(identities::text, '-'), coalesce(calendars::text, '-'), coalesce(calendars_synced::text, '-'),
    (select coalesce(is_default::text, '-') from account_sender where account_sender.account_id = account_overview.account_id)), ', ' order by account_id)
  from account_overview $$;

-- The first ones: what nobody asked for is NULL in the views, not 0 or false.
\set excluded '{available_calendars,default_identity,synced_calendars}'
select jsonb_build_array(jsonb_build_array('a', repeat('0a', 32), repeat('0b', 32), :'whole_a'::jsonb - 'default_identity' - 'available_calendars')) as batch \gset
\set unseen '{}'
\set outcome incomplete
\set started '2026-01-01 00:00'
\ir sweep.psql
select pg_temp.must(:'outcome' = 'incomplete' and :added = 1, 'the first');
select pg_temp.must(excluded_fields is null, 'of none that was complete') from organization;
select pg_temp.must(pg_temp.told() = 'a 1 - - -', pg_temp.told());
\set excluded '{identities,synced_calendars}'
select jsonb_build_array(jsonb_build_array('b', repeat('0c', 32), repeat('0d', 32), '{"_type":"zoom","id":"b","send_status":"ok"}'::jsonb)) as batch \gset
\set unseen '{a}'
\set outcome incomplete
\set started '2026-01-01 00:01'
\ir sweep.psql
select pg_temp.must(pg_temp.told() = 'a 1 - - -, b - 0 0', pg_temp.told());

-- A complete one tells all; where a digest is missing, the organization's setting counts.
\set excluded '{}'
\set error ''
\set complete true
select jsonb_build_array(jsonb_build_array('a', repeat('1a', 32), repeat('1b', 32), :'whole_a'::jsonb)) as batch \gset
\set unseen '{}'
\set outcome unchanged
\set started '2026-01-01 00:02'
\ir sweep.psql
select pg_temp.must(:'outcome' = 'changed' and :rescoped = 1, 'complete');
select pg_temp.must(pg_temp.told() like 'a 1 1 1 true, b %', pg_temp.told());
begin;
delete from account_digest;
select pg_temp.must(pg_temp.told() = 'a 1 1 1 true, b 0 0 0', pg_temp.told());
update organization set excluded_fields = '{identities}';
select pg_temp.must(pg_temp.told() = 'a - 1 1 true, b - 0 0', pg_temp.told());
rollback;
