-- A sweep reads what is its organization's: no step reads a table of the mirror from end to end, whatever the other organizations have,
-- nor a list of accounts once for each account.
\ir prepare.psql
\set others 'from generate_series(1, 400) as o, generate_series(1, 20) as a'
insert into account (organization_id, account_id, first_seen_at, changed_at) select 'other_' || o, 'a' || a, now(), now() :others;
insert into account_identity select 'other_' || o, 'a' || a, 'a@x', 'A', true :others;
insert into account_mail_server select 'other_' || o, 'a' || a, 'smtp', 'h', 1 :others;
insert into account_calendar select 'other_' || o, 'a' || a, 'c', 'C', 'ok', true, true, true :others;
insert into account_feature select 'other_' || o, 'a' || a, 'f', true, true :others;
insert into account_digest select 'other_' || o, 'a' || a, '', '' :others;
analyze account, account_identity, account_mail_server, account_calendar, account_feature, account_digest;

-- Filled by one sweep; everything about `a` changes in the next, `b` is removed, and of `z`, which nobody knows, a row of each is found.
\set a '{"id":"a","email":"a@x","identities":[{"email":"a@x","name":"A"},{"email":"b@x","name":"B"}],"default_identity":{"email":"a@x","name":"A"},"smtp":{"host":"h"},"imap":{"host":"h"},"synced_calendars":["c","d"],"available_calendars":[{"id":"c","name":"C"}],"available_features":["f","g"],"enabled_features":["f"]}'
\set a_next '{"id":"a","email":"b@x","identities":[{"email":"a@x","name":"A"}],"default_identity":{"email":"b@x","name":"B"},"smtp":{"host":"i"},"synced_calendars":["c"],"available_calendars":[{"id":"c","name":"D"}],"available_features":["f"],"enabled_features":[]}'
select jsonb_build_array(jsonb_build_array('a', '0a', '0a', :'a'::jsonb), jsonb_build_array('b', '0b', '0b', '{"id": "b", "email": "b@x"}'::jsonb)) as batch \gset
\set gone '{}'
\set rejected '[]'
\set unseen '{}'
\set error ''
\set outcome unchanged
\set volatile '{}'
\set verify true
\set complete true
\set revision null
\set started '2026-01-01 00:00'
\ir sweep.psql
insert into account (organization_id, account_id, first_seen_at, changed_at) values ('orga_1', 'z', now(), now());
insert into account_identity values ('orga_1', 'z', 'a@x', 'A', true);
insert into account_mail_server values ('orga_1', 'z', 'smtp');
insert into account_calendar values ('orga_1', 'z', 'c', 'C', 'ok', true, true, true);
insert into account_feature values ('orga_1', 'z', 'f', true, true);
insert into account_digest values ('orga_1', 'z', '', '');
select jsonb_build_array(jsonb_build_array('a', '0c', '0c', :'a_next'::jsonb)) as batch \gset
select revision || ':' || revision_id as revision from organization \gset
begin;
execute begin ('orga_1', :'revision', 'one', 'user_p', null, '2026-01-01 00:01', null, null, '{}', true, true, 1, 'one', :holder, :'excluded');
execute load (:'batch');
execute history;
execute account;
execute identity;
execute mail_server;
execute calendar;
execute feature;
execute digest;
execute drift;
execute remove ('{b}');
execute stray;
execute seen ('{}');
insert into account_digest select 'orga_1', 'n' || n, '', '', case when n <= 2 then now() end from generate_series(1, 300) as n;
select seq_tup_read + coalesce(idx_tup_fetch, 0) as read from pg_stat_xact_user_tables where relid = 'account_digest'::regclass \gset
execute seen ('{n2,n3}');
select pg_temp.must(seq_tup_read + coalesce(idx_tup_fetch, 0) - :read < 20, 'who is unseen, and who is seen again, is looked up: of 300 accounts these four')
from pg_stat_xact_user_tables where relid = 'account_digest'::regclass;
select pg_temp.must(array_agg(account_id order by account_id) = '{n2,n3}', 'the two unseen ones') from account_digest where organization_id = 'orga_1' and seen_at is not null;
select pg_temp.must(seq_scan = 0, format('%s is not read from end to end', relname))
from pg_stat_xact_user_tables
where relid in ('account'::regclass, 'account_identity'::regclass, 'account_mail_server'::regclass, 'account_calendar'::regclass,
  'account_feature'::regclass, 'account_digest'::regclass);
select pg_temp.must(
  array_agg(array[what, added::text, changed::text, removed::text] order by what) = array[
    array['account', '0', '1', '6'], array['account_calendar', '0', '1', '1'], array['account_digest', '0', '3', '0'],
    array['account_feature', '0', '1', '1'], array['account_identity', '0', '1', '1'], array['account_mail_server', '0', '1', '1']],
  format('all of it was written: %s', array_agg((what, added, changed, removed) order by what)))
from (
  select what, sum(added) as added, sum(changed) as changed, sum(removed) as removed
  from written
  where what in ('account', 'account_calendar', 'account_digest', 'account_feature', 'account_identity', 'account_mail_server')
  group by what
) as each_one;
rollback;
