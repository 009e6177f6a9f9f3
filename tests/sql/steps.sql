-- A mirror's life: filled, changed, damaged, removed, back again; rows, counts, times and chain after each sweep.
\ir prepare.psql
\set gone '{}'
\set rejected '[]'
\set unseen '{}'
\set outcome unchanged
\set error ''
\set volatile '{lead_suggestions_updated_at}'

create view pg_temp.chain as
select *, history_chain(null, history_link(organization_id, seq, account_id, version, change, not_before, observed_at, changed_fields, sweep_id, document_digest))
  over (order by seq rows unbounded preceding) as proven
from account_history;

create procedure pg_temp.exact() language plpgsql as $$
begin
  perform pg_temp.must(bool_and(hash = proven), 'the chain holds') from pg_temp.chain;
  perform pg_temp.must(count(*) = coalesce(max(seq), 0), 'gapless') from account_history;
  perform pg_temp.must(bool_and(octet_length(document_salt) = 32) and count(distinct document_salt) = count(*), 'a salt of its own') from account_history;
  perform pg_temp.must(bool_and(document_digest = document_digest(document_salt, document)), 'digests') from account_history where change <> 'removed';
  perform pg_temp.must(bool_and(previous_hash = coalesce((select hash from account_history b where b.seq = a.seq - 1), decode(repeat('00', 32), 'hex'))), 'linked') from account_history a;
  perform ok from (with newest as (select distinct on (account_id) * from account_history order by account_id, version desc),
    now as (select organization_id, account_id, document, observed_at from newest where change <> 'removed')
  select pg_temp.must(not exists (
      (select a.organization_id, a.account_id, type, email, other, changed_at from account a
        except select n.organization_id, n.account_id, s.type, s.email, s.other, n.observed_at from now n, account_shape(document) s)
      union all
      (select n.organization_id, n.account_id, s.type, s.email, s.other, n.observed_at from now n, account_shape(document) s
        except select a.organization_id, a.account_id, type, email, other, changed_at from account a)), 'account is the document')
    and pg_temp.must(not exists ((table account_identity except select organization_id, account_id, s.* from now, account_identity_shape(document) s)
      union all (select organization_id, account_id, s.* from now, account_identity_shape(document) s except table account_identity)), 'identity')
    and pg_temp.must(not exists ((table account_mail_server except select organization_id, account_id, s.* from now, account_mail_server_shape(document) s)
      union all (select organization_id, account_id, s.* from now, account_mail_server_shape(document) s except table account_mail_server)), 'mail server')
    and pg_temp.must(not exists ((table account_calendar except select organization_id, account_id, s.* from now, account_calendar_shape(document) s)
      union all (select organization_id, account_id, s.* from now, account_calendar_shape(document) s except table account_calendar)), 'calendar')
    and pg_temp.must(not exists ((table account_feature except select organization_id, account_id, s.* from now, account_feature_shape(document) s)
      union all (select organization_id, account_id, s.* from now, account_feature_shape(document) s except table account_feature)), 'feature') as ok) as checked;
end $$;

-- The first fill.
\set a '{"_type":"google","id":"a","organization_id":"orga_1","email":"a@x","identities":[{"email":"a@x","name":"A"},{"email":"s@x","name":"S"}],"default_identity":{"email":"a@x","name":"A"},"smtp":{"host":"h","port":465,"use_ssl":true,"username":"a"},"synced_calendars":["c1"],"available_calendars":[{"id":"c1","name":"C","status":"ok","default":true,"synced":true}],"available_features":["f","g"],"enabled_features":["f"],"send_status":"ok","lead_suggestions_updated_at":"2022-11-08T12:13:45.711000+00:00","receive_attempts_count":0,"brand_new":1}'
\set b '{"_type":"zoom","id":"b","organization_id":"orga_1","email":"b@x","identities":[],"smtp":null}'
select jsonb_build_array(jsonb_build_array('a', repeat('0a', 32), repeat('0b', 32), :'a'::jsonb), jsonb_build_array('b', repeat('0c', 32), repeat('0d', 32), :'b'::jsonb)) as batch \gset
\set revision null
\set started '2026-01-01 00:00'
\set verify true
\set complete true
\ir sweep.psql
select pg_temp.must(:'outcome' = 'changed' and :added = 2 and :changed + :removed + :repaired = 0 and :revision = 1, 'the first fill');
call pg_temp.exact();
select pg_temp.must(bool_and(not_before is null and version = 1 and change = 'added' and changed_fields = '{}' and sweep_id = 1 and hash_version = 1), 'first rows') from account_history;
select pg_temp.must(array_agg(path order by path) = '{brand_new}', 'drift') from field_drift;
select pg_temp.must(last_verified_at = last_swept_at and last_swept_at = :'started' and listed_at = :'started' and last_outcome = 'changed', 'organization') from organization;
select pg_temp.must(first_seen_at = changed_at, 'times') from account;

-- The same again: unchanged, verifying; no row moves but the organization's and coverage.
\set outcome unchanged
\set started '2026-01-01 00:01'
create temp table before as select 'account' as t, xmin::text as version, ctid::text as place from account union all select 'i', xmin::text, ctid::text from account_identity union all
  select 'd', xmin::text, ctid::text from account_digest union all select 'h', xmin::text, ctid::text from account_history;
\ir sweep.psql
select pg_temp.must(:'outcome' = 'unchanged' and :added + :changed + :removed + :repaired = 0 and :revision = 1 and not :{?sweep_id}, 'nothing');
select pg_temp.must(not exists (table before except (select 'account', xmin::text, ctid::text from account union all select 'i', xmin::text, ctid::text from account_identity union all
  select 'd', xmin::text, ctid::text from account_digest union all select 'h', xmin::text, ctid::text from account_history)), 'no row moved');
select pg_temp.must(count(*) = 1, 'no sweep row') from sweep;
select pg_temp.must(sweeps = 2 and longest_gap = '1 min' and pending_gap = '62 s', 'coverage') from coverage;

-- A change: one history row, not before the last listing; the volatile field comes along.
select :'a'::jsonb || '{"send_status":"error","smtp":null,"lead_suggestions_updated_at":"2023-01-01"}' as a2 \gset
select jsonb_build_array(jsonb_build_array('a', repeat('1a', 32), repeat('1b', 32), :'a2'::jsonb)) as batch \gset
\set outcome unchanged
\set started '2026-01-01 00:02'
\set verify false
\ir sweep.psql
select pg_temp.must(:'outcome' = 'changed' and :changed = 1 and :added + :removed + :repaired = 0 and :revision = 2, 'a change');
call pg_temp.exact();
select pg_temp.must(version = 2 and change = 'changed' and changed_fields = '{send_status,smtp}' and not_before = '2026-01-01 00:01' and send_status = 'error', 'its row') from account_history where seq = 3;
select pg_temp.must(lead_suggestions_updated_at = '2023-01-01' and changed_at > first_seen_at, 'volatile comes along') from account where account_id = 'a';

-- Only the volatile field differs: waits; a verifying sweep takes it, without history, repair or changed_at.
select :'a2'::jsonb || '{"lead_suggestions_updated_at":"2024-01-01"}' as a3 \gset
select jsonb_build_array(jsonb_build_array('a', repeat('2a', 32), repeat('1b', 32), :'a3'::jsonb)) as batch \gset
\set outcome unchanged
\set started '2026-01-01 00:03'
\ir sweep.psql
select pg_temp.must(:'outcome' = 'unchanged' and :revision = 2, 'volatile waits');
select pg_temp.must(lead_suggestions_updated_at = '2023-01-01', 'volatile waits') from account where account_id = 'a';
\set started '2026-01-01 00:04'
\set verify true
\ir sweep.psql
select pg_temp.must(:'outcome' = 'unchanged' and :repaired = 0 and :revision = 3 and not :{?sweep_id}, 'volatile is taken');
select pg_temp.must(lead_suggestions_updated_at = '2024-01-01', 'volatile is taken') from account where account_id = 'a';
select pg_temp.must(count(*) = 3, 'without history') from account_history;

-- Damage of every kind is repaired without history.
update account set email = 'damaged', other = '{"odd":1}' where account_id = 'a';
update account_identity set is_default = not is_default where account_id = 'a';
delete from account_calendar;
insert into account_feature values ('orga_1', 'a', 'never', false, false);
insert into account_mail_server values ('orga_1', 'b', 'smtp', 'x', 1, true, 'x', null);
insert into account_identity values ('orga_1', 'stranger', 'x', 'x', true);
insert into account_digest values ('orga_1', 'stranger', '', '', null);
select jsonb_build_array(jsonb_build_array('a', repeat('2a', 32), repeat('1b', 32), :'a3'::jsonb), jsonb_build_array('b', repeat('0c', 32), repeat('0d', 32), :'b'::jsonb)) as batch \gset
\set outcome unchanged
\set started '2026-01-01 00:05'
\ir sweep.psql
select pg_temp.must(:'outcome' = 'changed' and :repaired = 3 and :added + :changed + :removed = 0 and :revision = 4, 'repaired');
call pg_temp.exact();
select pg_temp.must(count(*) = 3, 'without history') from account_history;
select pg_temp.must(count(*) = 2, 'no stranger left') from account_digest;

-- Missing but not proven gone: guarded, twice; dated; then proven.
\set batch '[]'
\set verify false
\set outcome guarded
\set unseen '{b}'
\set started '2026-01-01 00:06'
\ir sweep.psql
select pg_temp.must(:'outcome' = 'guarded' and :revision = 4, 'guarded');
\set outcome guarded
\set started '2026-01-01 00:07'
\ir sweep.psql
select pg_temp.must(attempts = 2, 'the same again') from sweep order by sweep_id desc limit 1;
select pg_temp.must(seen_at = '2026-01-01 00:05', 'last seen') from account_digest where account_id = 'b';
select pg_temp.must(last_swept_at = :'started' and consecutive_failures = 0, 'guarded is complete') from organization;
\set outcome incomplete
\set error 'the control probe failed'
\set complete false
\set started '2026-01-01 00:08'
\ir sweep.psql
select pg_temp.must(last_swept_at = '2026-01-01 00:07' and listed_at = :'started' and consecutive_failures = 1 and last_error = :'error', 'incomplete') from organization;
\set outcome unchanged
\set error ''
\set complete true
\set gone '{b,nobody}'
\set unseen '{}'
\set started '2026-01-01 00:09'
\ir sweep.psql
select pg_temp.must(:'outcome' = 'changed' and :removed = 1 and :revision = 5, 'removed');
call pg_temp.exact();
select pg_temp.must(change = 'removed' and version = 2 and document is null and document_digest is null and changed_fields = '{}' and not_before = '2026-01-01 00:05', 'its row') from account_history where seq = 4;
select pg_temp.must(consecutive_failures = 0 and last_error is null, 'all well again') from organization;

-- Back again: added, version goes on, a new stay.
select jsonb_build_array(jsonb_build_array('b', repeat('0c', 32), repeat('0d', 32), :'b'::jsonb)) as batch \gset
\set outcome unchanged
\set gone '{}'
\set started '2026-01-01 00:10'
\set rejected '[{"fingerprint":"ff","account_id":null,"reason":"no id"}]'
\ir sweep.psql
select pg_temp.must(:'outcome' = 'changed' and :added = 1, 'back');
call pg_temp.exact();
select pg_temp.must(change = 'added' and version = 3 and not_before = '2026-01-01 00:09', 'its row') from account_history where seq = 5;
select pg_temp.must(first_seen_at = (select observed_at from account_history where seq = 5), 'a new stay') from account where account_id = 'b';
select pg_temp.must(document is null and first_seen_at = last_seen_at, 'rejected') from rejected_account;
\set batch '[]'
\set rejected '[]'
\set outcome unchanged
\set started '2026-01-01 00:11'
\ir sweep.psql
select pg_temp.must(count(*) = 0, 'rejected no more') from rejected_account;
select pg_temp.must(:'outcome' = 'unchanged' and :revision = 6, 'nothing of the mirror');

-- An addition is dated by the last complete sweep without it, not by the last listing.
\set outcome incomplete
\set error 'the listing did not end'
\set complete false
\set verify false
\set started '2026-01-01 00:12'
\ir sweep.psql
select jsonb_build_array(jsonb_build_array('c', repeat('0c', 32), repeat('0e', 32), :'b'::jsonb)) as batch \gset
\set outcome unchanged
\set error ''
\set complete true
\set started '2026-01-01 00:13'
\ir sweep.psql
select pg_temp.must(not_before = '2026-01-01 00:11', 'after the last complete sweep') from account_history where account_id = 'c';
call pg_temp.exact();

-- A row that says nothing is damage too, in any sweep that sees its document.
insert into account_feature values ('orga_1', 'c', 'never', false, false);
\set outcome unchanged
\set started '2026-01-01 00:14'
\ir sweep.psql
select pg_temp.must(:'outcome' = 'changed' and :repaired = 1 and :added = 0 and :revision = 8, 'repaired without verifying');
call pg_temp.exact();

-- NULL and false are two things in a calendar.
update account_calendar set is_default = null, is_synced = null;
select jsonb_build_array(jsonb_build_array('a', repeat('2a', 32), repeat('1b', 32), :'a3'::jsonb)) as batch \gset
\set outcome unchanged
\set started '2026-01-01 00:15'
\ir sweep.psql
select pg_temp.must(:'outcome' = 'changed' and :repaired = 1 and :revision = 9, 'a calendar repaired');
call pg_temp.exact();

-- Who was listed before, and could not be read, was not added since.
\set batch '[]'
\set rejected '[{"fingerprint":"aa","account_id":"x","reason":"too large"}]'
\set outcome unchanged
\set started '2026-01-01 00:16'
\ir sweep.psql
select jsonb_build_array(jsonb_build_array('x', repeat('3a', 32), repeat('3b', 32), '{"id": "x"}'::jsonb), jsonb_build_array('y', repeat('3a', 32), repeat('3c', 32), '{"id": "y"}'::jsonb)) as batch \gset
\set rejected '[]'
\set outcome unchanged
\set started '2026-01-01 00:17'
\ir sweep.psql
select pg_temp.must(string_agg(account_id || coalesce(to_char(not_before, 'MI'), '-'), ' ' order by account_id) = 'x- y16', 'set aside before') from account_history where account_id in ('x', 'y');
call pg_temp.exact();

-- A moved mirror, a lost lock and a taken name stop the pipeline.
select revision || ':' || revision_id as revision, revision || ':' || gen_random_uuid() as another, revision + 1 || ':' || revision_id as next from organization \gset
select pg_advisory_lock(hashtextextended(name, hashtext(current_schema))) from unnest('{nine,second,renamed}'::text[]) as name;
\set ON_ERROR_STOP off
begin;
execute begin ('orga_1', :'another', 'one', null, null, '2026-01-02', null, null, '{}', false, true, 1, 'one', :holder, :'excluded');
\if :ERROR
\set moved :SQLSTATE
\endif
rollback;
begin;
execute begin ('orga_1', :'next', 'one', null, null, '2026-01-02', null, null, '{}', false, true, 1, 'one', :holder, :'excluded');
\set numbered :SQLSTATE
rollback;
begin;
execute begin ('orga_1', null, 'one', null, null, '2026-01-02', null, null, '{}', false, true, 1, null, :holder, :'excluded');
\set bound :SQLSTATE
rollback;
begin;
execute begin ('orga_2', null, 'one', null, null, '2026-01-02', null, null, '{}', false, true, 1, null, :holder, :'excluded');
\set taken :SQLSTATE
rollback;
begin;
execute begin ('orga_9', :'another', 'nine', null, null, '2026-01-02', null, null, '{}', false, true, 1, 'nine', :holder, :'excluded');
\set gone_away :SQLSTATE
rollback;
begin;
execute begin ('orga_1', :'revision', 'second', null, null, '2026-01-02', null, null, '{}', false, true, 1, 'before', :holder, :'excluded');
\set renamed :SQLSTATE
rollback;
\set ON_ERROR_STOP on
select pg_temp.must(:'moved' = 'CS001' and :'numbered' = 'CS001' and :'bound' = 'CS001' and :'gone_away' = 'CS001', 'the mirror moved on'), pg_temp.must(:'renamed' = 'CS001', 'somebody else renamed it'), pg_temp.must(:'taken' = 'CS002', 'the name is taken');
begin;
execute begin ('orga_1', :'revision', 'renamed', null, null, '2026-01-02', null, null, '{}', false, true, 1, 'one', :holder, :'excluded');
select pg_temp.must(name = 'renamed' and principal_id = 'user_p', 'renamed') from organization;
rollback;
