-- The history refuses everything but its own erasures and prunings, also from its owner; each forgery through the front door.
\ir record.psql
\set doc '{"_type": "google", "id": "a", "email": "a@x", "user_id": "u", "send_status": "ok", "enabled_features": ["f"]}'
select pg_temp.record('o', 'a', '2026-01-01', :'doc');
select pg_temp.record('o', 'b', '2026-01-02', :'doc');
select pg_temp.record('o', 'a', '2026-01-03', :'doc'::jsonb || '{"user_id": "v"}');
select pg_temp.record('o', 'b', '2026-01-04', null);
select pg_temp.record('p', 'b', '2026-01-04', :'doc');
select pg_temp.record('p', 'b', '2026-01-05', null);
insert into rejected_account values ('o', 'f1', 'b', 'why', '{"user_id": "u"}', now(), now()), ('o', 'f2', 'c', 'why', null, now(), now());

select pg_temp.must(pg_temp.refused(statement, 'CS004'), statement) from (values
  ('update account_history set sweep_id = 1'), ('update account_history set document = tombstone(document), document_salt = null where seq = 1'),
  ('update account_history set seq = 9 where seq = 4'), ('delete from account_history where seq = 1'), ('truncate account_history'),
  ('truncate account_history, erasure'), ('truncate erasure'), ('update erasure set reason = null'), ('delete from erasure'), ('delete from history_anchor'),
  ('update history_anchor set dropped = 0'), ('truncate history_anchor')) as forgery (statement);

-- A ledger row of another transaction opens nothing; one of this transaction only what it names.
select pg_temp.must((select array_agg(organization || ' ' || accounts || ' ' || documents || ' ' || rejected) from erase_history(null, 'b', null, 'asked')) =
  '{name of o 1 1 1,name of p 1 1 0}', 'an account in both organizations');
select pg_temp.must(pg_temp.refused($$update account_history set document = '{}' where seq = 2$$, 'CS004'), 'later');
begin;
insert into erasure (organization_id, erasure_id, erased_at, erased_by, account_ids, seqs, previous_hash, hash) values ('o', 2, now(), 'x', '{a}', '{1}', '', '');
select pg_temp.must(pg_temp.refused(statement, 'CS004'), statement) from (values
  ('update account_history set document = tombstone(document), document_salt = null where seq = 3'),
  ('update account_history set document = null, document_salt = null where seq = 1'),
  ('update account_history set document_salt = null where seq = 1'),
  ('update account_history set document = tombstone(document), document_salt = null, version = 22 where seq = 1'),
  ('update account_history set document = tombstone(document), document_salt = null where organization_id = ''p'' and seq = 1'),
  ('delete from account_history where seq = 1')) as forgery (statement);
rollback;
begin;
insert into history_anchor (organization_id, seq, hash, carried_hash, dropped, anchored_at, answers_from) values ('o', 1, '', '', 1, now(), now());
select pg_temp.must(pg_temp.refused(statement, 'CS004'), statement) from (values
  ('delete from account_history where seq = 2 and organization_id = ''o'''), ('delete from account_history where seq = 1'),
  ('update account_history set version = 22 where seq = 1')) as forgery (statement);
rollback;

-- A row is one after the one before it, also from whoever may insert: one that is further on would end the history, for nothing could
-- follow it and nobody could delete it.
create function pg_temp.forge(organization text, place bigint, number integer default 1) returns text language sql
  return format('insert into account_history select %L, %s + n, ''f'' || n, %s, ''added'', null, now(), ''{}'', ''{}'', 1, ''x'', ''x'', 1, ''x'', ''x'' from generate_series(0, 1) as n', organization, place, number);
select pg_temp.must(pg_temp.refused(pg_temp.forge('o', place), 'CS004'), 'not at ' || place) from unnest(array[6, 7, 9223372036854775806]) as place;
select pg_temp.must(pg_temp.refused(pg_temp.forge('q', place), 'CS004'), 'nor of a new organization at ' || place) from unnest(array[2, 4]) as place;
select pg_temp.must(pg_temp.refused(pg_temp.forge('o', 5, number), 'CS004'), 'nor with version ' || number) from unnest(array[0, 6, 2147483647]) as number;
begin;
select pg_temp.forge('o', 5), pg_temp.forge('q', 1) \gexec
rollback;

-- What erasing leaves: a tombstone, the chain, a ledger; nothing else moves.
select pg_temp.must(document = '{"_type": "google", "id": "a", "send_status": "ok", "enabled_features": ["f"]}' and document_salt is null
  and document_digest is not null and send_status = 'ok', 'a tombstone') from account_history where organization_id = 'o' and seq = 2;
select pg_temp.must(octet_length(document_salt) = 32, 'a removal keeps its salt') from account_history where change = 'removed';
select pg_temp.must(account_ids = '{b}' and seqs = '{2}' and reason = 'asked' and erased_by = session_user and erasure_id = 1, 'the ledger') from erasure where organization_id = 'o';
select pg_temp.must(array_agg(fingerprint) = '{f2}', 'rejected entries') from rejected_account;
select pg_temp.must(revision = 1, 'the revision') from organization where organization_id = 'o';
select pg_temp.must(count(*) = 0, 'all hold') from organization cross join lateral verify_history(organization_id);
select pg_temp.must(count(*) = 0, 'again: nothing') from erase_history(null, 'b', null, null);
select pg_temp.must(array_agg(coalesce(field, '-') || coalesce(new_value ->> 'id', '') order by seq) = '{-a,-a,user_id,-}', 'changes beside it') from account_change where organization_id = 'o';

select pg_temp.must(tombstone(document::jsonb) = left_of::jsonb and tombstone(left_of::jsonb) = left_of::jsonb, document) from (values
  ('{"id": "a", "send_status": null, "enabled_features": ["f", "g"], "available_features": []}', '{"id": "a", "send_status": null, "enabled_features": ["f", "g"], "available_features": []}'),
  ('{"id": "a", "_type": ["x"], "send_status": {"email": "a@x"}, "receive_status": ["a@x"], "email_receive_status": 7}', '{"id": "a"}'),
  ('{"id": {"email": "a@x"}, "enabled_features": ["f", {"email": "a@x"}], "available_features": [["a@x"]]}', '{}'),
  ('{"enabled_features": null, "available_features": "f"}', '{"enabled_features": null}'), ('[]', '{}')) as v (document, left_of);

-- Still at Close: refused; the user who had it before goes, the one who has it now does not.
select pg_temp.must(pg_temp.refused($$select erase_history(null, 'a', null, null)$$, 'CS006'), 'an account at Close');
select pg_temp.must(pg_temp.refused($$select erase_history('v', null, null, null)$$, 'CS006'), 'a user at Close');
select pg_temp.must(pg_temp.refused($$select erase_history(null, null, 'o', null)$$, 'CS006'), 'an organization at Close');
select pg_temp.must(pg_temp.refused($$select erase_history('u', 'a', null, null)$$, 'CS006'), 'one at a time');
select pg_temp.must(pg_temp.refused($$select erase_history('u', 'a', 'o', null)$$, 'CS006'), 'one at a time');
select pg_temp.must(pg_temp.refused($$select erase_history(null, null, null, null)$$, 'CS006'), 'one at least');
select pg_temp.must((select documents from erase_history('u', null, null, null)) = 1, 'a user who was');
select pg_temp.must(document_salt is null = (seq = 1), 'his rows alone') from account_history where account_id = 'a' and change <> 'removed';
select pg_temp.must(array_agg(concat(field, '|', old_value, '|', new_value)) = array['user_id||"v"'], 'the net names what the history names')
from account_difference('2026-01-01 12:00', '2026-01-03 12:00') where organization_id = 'o' and account_id = 'a';
select pg_temp.record('o', 'a', '2026-01-06', null);
select pg_temp.must((select documents from erase_history(null, null, 'o', null)) = 1, 'the rest of the organization');
select pg_temp.must(array_agg(erasure_id order by erasure_id) = '{1,2,3}', 'three erasures') from erasure where organization_id = 'o';
select pg_temp.must(string_agg(account_change.field || coalesce(old_value::text, '-') || coalesce(new_value::text, '-'), ' ') = 'user_id--', 'that it changed stays') from account_change where change = 'changed';
select pg_temp.must(count(*) = 0, 'all hold') from organization cross join lateral verify_history(organization_id);

-- Pruning: what is needed to answer for the retention is carried, the rest goes.
select pg_temp.record('q', account, timestamptz '2026-02-01' + n * interval '1 hour', :'doc'::jsonb || jsonb_build_object('n', n))
from generate_series(0, 9) as n cross join (values ('a'), ('b')) as each (account);
select pg_temp.record('q', 'b', '2026-03-01', null);
create table before as select * from account_as_of('2026-02-01 08:30') where organization_id = 'q';
create table alive as select * from account_as_of('infinity') where organization_id = 'q';
select pg_temp.must((select array_agg(pruned_from || ' ' || seq || ' ' || dropped || ' ' || carried) from prune_history(clock_timestamp() - '2026-02-01 08:10')) @>
  '{q 18 16 2}', 'pruned');
select pg_temp.must(dropped = 16 and answers_from = '2026-02-01 08:00', 'the anchor') from history_anchor where organization_id = 'q';
select pg_temp.must(not exists (select organization_id, account_id, other from before except select organization_id, account_id, other from account_as_of('2026-02-01 08:30')), 'the same answer');
select pg_temp.must(pg_temp.refused($$select * from account_as_of('2026-02-01 07:59') where organization_id = 'q'$$, 'CS005'), 'no half answer');
select pg_temp.must(pg_temp.refused($$select * from account_difference('2026-02-01 07:59', 'infinity') where organization_id = 'q'$$, 'CS005'), 'nor a difference');
do $$ begin perform * from account_feature_as_of('2026-01-01') where organization_id = 'q'; exception when sqlstate 'CS005' then
  if sqlerrm <> 'the history of "q" was pruned and answers from 2026-02-01T08:00:00.000000Z on' then raise; end if; end $$;
select pg_temp.must(count(*) = 0, 'all hold') from organization cross join lateral verify_history(organization_id);
select pg_temp.must(string_agg(field || coalesce(old_value::text, '-') || new_value, ' ' order by seq) = 'n-8 n-8 n89 n89', 'changes without their past') from account_change where change = 'changed' and organization_id = 'q';
select pg_temp.must((select array_agg(pruned_from || ' ' || seq || ' ' || dropped || ' ' || carried) from prune_history(clock_timestamp() - '2026-03-02')) @>
  '{q 21 4 1}', 'again');
select pg_temp.must(count(*) = 1 and min(seq) = 19, 'the newest row of the one alive') from account_history where organization_id = 'q';
select pg_temp.must(count(*) = 0, 'all hold') from organization cross join lateral verify_history(organization_id);
select pg_temp.must(count(*) = 0, 'nothing older') from prune_history(clock_timestamp() - '2026-03-02');
select pg_temp.record('q', 'a', '2026-04-01', :'doc');
select pg_temp.must(count(*) = 0, 'and goes on') from verify_history('q');

-- Of b no row was left: its version goes on. Of what has rows, nothing is kept; a forged version is found.
select pg_temp.must(array_agg(account_id || version) = '{b11}', 'the version of what is gone') from pruned_account where organization_id = 'q';
select pg_temp.must(pg_temp.record('q', 'b', '2026-04-02', :'doc') = 23, 'back');
select pg_temp.must(version = 12, 'goes on') from account_history where organization_id = 'q' and seq = 23;
select pg_temp.must(count(*) = 0, 'all hold') from verify_history('q');
select pg_temp.record('q', 'b', '2026-04-03', null);
select pg_temp.record('q', 'c', '2026-04-04', :'doc');
select pg_temp.record('q', 'b', '2026-04-05', :'doc');
begin;
select pg_temp.must(dropped = 3 and seq = 25 and carried = 2, 'b in part') from prune_history(clock_timestamp() - '2026-04-04 12:00') where pruned_from = 'q';
select pg_temp.must(count(*) = 0, 'has a row') from pruned_account where organization_id = 'q';
select pg_temp.must(version = 14, 'a row that tells its version') from account_history where organization_id = 'q' and account_id = 'b';
select pg_temp.must(count(*) = 0, 'all hold') from verify_history('q');
rollback;
begin;
select pg_temp.record('q', 'b', '2026-04-06', null);
select pg_temp.must(carried = 2, 'b again') from prune_history(clock_timestamp() - '2026-04-06') where pruned_from = 'q';
select pg_temp.must(array_agg(account_id || version) = '{b15}', 'the version of what is gone') from pruned_account where organization_id = 'q';
insert into pruned_account values ('q', 'z', 1), ('z', 'b', 1);
select pg_temp.must(count(*) = 0, 'of a user nothing is known') from erase_history('u', null, 'z', null);
select pg_temp.must(accounts = 1 and documents = 0 and rejected = 0 and erasure_id is null, 'forgotten') from erase_history(null, 'b', 'q', null) where organization = 'name of q';
select pg_temp.must(array_agg(organization_id || account_id order by organization_id) = '{qz,zb}', 'forgotten') from pruned_account where organization_id in ('q', 'z');
select pg_temp.must(count(*) = 0, 'again: nothing') from erase_history(null, 'b', 'q', null);
rollback;

-- Forgeries of a pruned history.
create procedure pg_temp.forge(statement text, told text) language plpgsql as $$
begin
  set local session_replication_role = replica;
  execute statement;
  perform pg_temp.must(coalesce(string_agg(problem, '; ') like '%' || told || '%', false), statement || ': ' || coalesce(string_agg(problem, '; '), 'nothing')) from verify_history('q');
  rollback;
end $$;
call pg_temp.forge($$delete from account_history where organization_id = 'q' and seq = 19$$, 'the carried rows are not those');
call pg_temp.forge($$update account_history set hash = sha256('x') where organization_id = 'q' and seq = 19$$, 'the carried rows are not those');
call pg_temp.forge($$update account_history set document = '{}' where organization_id = 'q' and seq = 19$$, 'document_digest does not fit');
call pg_temp.forge($$delete from history_anchor where organization_id = 'q' and seq = 18$$, 'its ledger says 4');
call pg_temp.forge($$delete from history_anchor where organization_id = 'q'$$, 'the row before it is gone');
call pg_temp.forge($$update history_anchor set hash = sha256('x') where organization_id = 'q'$$, 'previous_hash is not');
call pg_temp.forge($$update history_anchor set carried_hash = sha256('x') where organization_id = 'q'$$, 'the carried rows are not those');
call pg_temp.forge($$update pruned_account set version = 7$$, 'version 12 follows 7');
