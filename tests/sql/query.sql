-- The statements outside a sweep's transaction: begin, flush, fail, claim, locks, plan, status, check.
\ir prepare.psql
execute q_begin ('one', null, '{}', 1, '1 h', '{}') \gset
select pg_temp.must(not :{?organization_id} and :clock <= extract(epoch from clock_timestamp()) * 1000000 and :'is_verification_due', 'not bound');
insert into organization (organization_id, name, revision, digest_version, excluded_fields, last_verified_at) values ('orga_1', 'one', 3, 1, '{}', clock_timestamp());
execute q_begin ('one', null, '{}', 1, '1 h', '{}') \gset
select pg_temp.must(:'organization_id' = 'orga_1' and :'revision' like '3:%' and not :'is_verification_due', 'bound');
execute q_begin ('one', null, '{v}', 1, '1 h', '{}') \gset
select pg_temp.must(:'is_verification_due', 'another volatile list');
execute q_begin ('one', null, '{}', 1, '1 h', '{email}') \gset
select pg_temp.must(:'is_verification_due', 'another scope');
execute q_begin ('other', 'orga_1', '{}', 1, '1 h', '{}') \gset
select pg_temp.must(:pid = pg_backend_pid() and 'epoch'::timestamptz + :backend_start * interval '1 us' = backend_start, 'who asks') from pg_stat_activity where pid = pg_backend_pid();
select pg_temp.must(:'name' = 'one', 'by id');

-- A flush: coverage and organization, one heap-only update each, under 400 bytes of WAL by its own count (the log's end is moved by
-- everybody in the cluster). No page is written whole: full_page_writes is off here.
execute flush ('orga_1', 'unchanged', null, 0, null, '3 min', '2026-01-01', '2026-01-01 00:00:02', '2026-01-01', 1, null, null, '2026-01-01', :'revision');
execute flush ('orga_1', 'unchanged', null, 0, null, '3 min', '2026-01-01 00:01', '2026-01-01 00:01:02', '2026-01-01 00:01', 1, null, null, '2026-01-01 00:01', :'revision');
execute flush ('orga_1', 'unchanged', null, 0, null, '3 min', '2026-01-01 00:02', '2026-01-01 00:02:02', '2026-01-01 00:04', 3, '61 s', '62 s', '2026-01-01 00:04', :'revision');
\set flush 'execute flush (''orga_1'', ''unchanged'', null, 0, null, ''3 min'', ''2026-01-01 00:05'', ''2026-01-01 00:05:02'', ''2026-01-01 00:05'', 1, null, null, ''2026-01-01 00:05'', ''' :revision ''')'
create function pg_temp.wal_written(statement text) returns json language plpgsql as $$
declare plan json;
begin
  execute 'explain (analyze, wal, format json) ' || statement into plan;
  return plan -> 0 -> 'Plan';
end $$;
select written ->> 'WAL Bytes' as bytes, written ->> 'WAL Records' as records from pg_temp.wal_written(:'flush') as written \gset
select pg_temp.must(:bytes between 1 and 399, format('a flush is under 400 bytes of WAL: %s in %s records', :bytes, :records));
select pg_temp.must(sweeps = 6 and until_at = '2026-01-01 00:05' and longest_gap = '62 s' and pending_gap = '62 s', 'coverage') from coverage;
select pg_temp.must(last_swept_at = '2026-01-01 00:05' and listed_at = last_swept_at and revision = 3, 'organization') from organization;
execute flush ('orga_1', 'unchanged', null, 0, null, '3 min', '2026-01-01 00:05', '2026-01-01 00:05:02', '2026-01-01 00:05', 1, null, null, '2026-01-01 00:05', :'revision');
select pg_temp.must(sweeps = 6, 'flushed twice is once') from coverage;
execute flush ('orga_1', 'unchanged', null, 0, null, '3 min', '2026-01-01 00:09', '2026-01-01 00:09:02', '2026-01-01 00:09', 1, null, null, '2026-01-01 00:09', :'revision');
select pg_temp.must(count(*) = 2, 'a gap begins a new span') from coverage;

-- What is still there is seen again; drift whose account has it no more is not.
insert into account (organization_id, account_id, other, first_seen_at, changed_at) values ('orga_1', 'a', '{"new":1,"identities[].x":["s",2],"smtp.a@b.example":1}', now(), now());
insert into field_drift values ('orga_1', 'new', 'number', '2026-01-01', '2026-01-01'), ('orga_1', 'new', 'string', '2026-01-01', '2026-01-01'), ('orga_1', 'identities[].x', 'number', '2026-01-01', '2026-01-01'), ('orga_1', 'gone', 'number', '2026-01-01', '2026-01-01');
insert into rejected_account values ('orga_1', 'f', null, 'no id', null, '2026-01-01', '2026-01-01');
-- Every drift of the account that other_drift() tells: a name that ends in [] is no list of ours, a long one is shortened, and an address hidden.
update account set other = other || jsonb_build_object('mine[]', jsonb_build_array(1), repeat('ä', 400), true);
insert into field_drift
select 'orga_1', path, json_type, '2026-01-01', '2026-01-01'
from account
cross join lateral other_drift(other)
on conflict do nothing;
insert into field_drift values ('orga_1', 'mine[]', 'number', '2026-01-01', '2026-01-01');
execute flush ('orga_1', 'unchanged', null, 0, null, '3 min', '2026-01-01 00:10', '2026-01-01 00:10:02', '2026-01-01 00:10', 1, null, null, '2026-01-01 00:10', :'revision');
select pg_temp.must(count(*) = 6 and count(*) filter (where last_seen_at = '2026-01-01 00:10') = 6, format('drift still there: %s', array_agg((path, json_type, last_seen_at))))
from account cross join lateral other_drift(other) as shape left join field_drift using (path, json_type);
select pg_temp.must(array_agg(path || json_type order by path, json_type) = '{gonenumber,mine[]number,newstring}', 'drift not there') from field_drift where last_seen_at = '2026-01-01';
select pg_temp.must(last_seen_at = '2026-01-01 00:10', 'rejected still there') from rejected_account;

-- Failures: a row, then attempts; good news resets.
execute fail ('orga_1', '2026-01-01 00:11', 'the key was refused', 1, 1, 0) \gset
select pg_temp.must(:sweep_id = 1 and :attempts = 1, 'a failure');
execute fail ('orga_1', '2026-01-01 00:12', 'the key was refused', 2, 1, 0) \gset
select pg_temp.must(:sweep_id = 1 and :attempts = 3, 'the same');
execute fail ('orga_1', '2026-01-01 00:13', 'another', 1, 1, 0) \gset
select pg_temp.must(:sweep_id = 2, 'another');
select pg_temp.must(consecutive_failures = 4 and last_outcome = 'failed' and last_error = 'another' and last_swept_at = '2026-01-01 00:10', 'organization') from organization;
execute flush ('orga_1', 'unchanged', null, 0, null, '3 min', '2026-01-01 00:11', '2026-01-01 00:11:02', '2026-01-01 00:11', 1, null, null, '2026-01-01 00:13:30', :'revision');
select pg_temp.must(consecutive_failures = 0 and last_error is null and last_outcome = 'unchanged', 'reset') from organization;
execute fail ('orga_1', '2026-01-01 00:13', 'another', 1, 1, 0) \gset
select pg_temp.must(:sweep_id = 3, 'not the same after a good one');
select pg_temp.must(last_outcome = 'unchanged' and consecutive_failures = 0 and last_error is null, 'an older failure than the newest outcome') from organization;
execute fail ('orga_0', '2026-01-01 00:13', 'another', 1, 1, 0);
select pg_temp.must(count(*) = 3, 'nobody''s failure is nobody''s') from sweep;

-- What is flushed late adds to what was seen, but what another process recorded since stays as it is; flushed twice is once.
create procedure pg_temp.stands(what text, outcome text, failures integer, error text, attempts integer) language plpgsql as $$
begin
  perform pg_temp.must((last_outcome, consecutive_failures, last_error) is not distinct from (outcome, failures, error), what) from organization;
  perform pg_temp.must(listed_at = '2026-01-01 00:20' and last_swept_at = '2026-01-01 00:20', what) from organization;
  perform pg_temp.must(sweep.attempts = stands.attempts, what) from sweep order by sweep_id desc limit 1;
end $$;
update organization set listed_at = '2026-01-01 00:20', last_swept_at = '2026-01-01 00:20', consecutive_failures = 0;
execute fail ('orga_1', '2026-01-01 00:21', 'away', 1, 1, 0);
call pg_temp.stands('failed', 'failed', 1, 'away', 1);
execute flush ('orga_1', 'unchanged', null, 5, '2026-01-01 00:19', '3 min', '2026-01-01 00:14', '2026-01-01 00:14:02', '2026-01-01 00:19', 5, '1 min', '1 min', '2026-01-01 00:19', :'revision');
call pg_temp.stands('an older good one', 'failed', 1, 'away', 1);
execute flush ('orga_1', 'failed', 'away', 3, null, '3 min', null, null, null, null, null, null, '2026-01-01 00:20:30', :'revision');
call pg_temp.stands('older ones of the same kind', 'failed', 1, 'away', 1);
execute flush ('orga_1', 'failed', 'away', 2, null, '3 min', null, null, null, null, null, null, '2026-01-01 00:23', :'revision');
execute flush ('orga_1', 'failed', 'away', 2, null, '3 min', null, null, null, null, null, null, '2026-01-01 00:23', :'revision');
call pg_temp.stands('newer ones', 'failed', 3, 'away', 3);
update organization set outcome_at = '2100-01-01'; -- and then the clock stepped back
execute flush ('orga_1', 'unchanged', null, 1, null, '3 min', null, null, null, null, null, null, '2026-01-01 00:24', :'revision');
call pg_temp.stands('newer, by the clock that is', 'unchanged', 0, null, 3);
execute fail ('orga_1', '2026-01-01 00:25', 'another', 1, 1, 0);

execute claim ('orga_1', 'two') \gset
execute claim ('orga_1', 'two') \gset
execute claim ('orga_1', 'one') \gset
select pg_temp.must(:'name' = 'one' and :'also_named' = '{two}', 'claimed once');
execute unclaim ('orga_1', '{one}') \gset
select pg_temp.must(:'also_named' = '{}', 'forgotten');

execute unlock ('one') \gset
execute lock ('orga_1') \gset
execute lock_holder ('orga_1', null, null) \gset
select pg_temp.must(:'got' and :pid = pg_backend_pid() and not :{?organization_id}, 'held, by the name of nothing that is bound');
execute unlock ('orga_1') \gset
select pg_temp.must(:'released', 'released');
\unset pid
execute lock_holder ('one', null, null) \gset
select pg_temp.must(not :{?pid} and :'organization_id' = 'orga_1', 'nobody holds it');

execute skip ('one');
execute skip ('one') \gset
select pg_temp.must(:skipped_turns = 2 and skipped_at is not null, 'two turns skipped') from organization;
execute flush ('orga_1', 'unchanged', null, 0, null, '3 min', null, null, null, null, null, null, '2026-01-01', :'revision');
select pg_temp.must(skipped_turns = 0, 'and none any more') from organization;
execute row_holder;

-- What is owed under a revision that is no more says something only of the past before the sweep that made the next one, and nothing
-- where no such sweep is known (a fail-over lost it).
create procedure pg_temp.owes(what text, started timestamptz, revision text, is_known boolean) language plpgsql as $$
declare before organization; after organization; spans text; rows integer;
begin
  select * into strict before from organization;
  spans := (select string_agg(coverage::text, ' ' order by from_at) from coverage);
  execute format('execute flush (%L, %L, null, 1, %L, %L, %L, %L, %L, 1, null, null, %L, %L)', 'orga_1', 'unchanged', started, '1 h', started, started + interval '1 s', started, started, revision);
  get diagnostics rows = row_count;
  select * into strict after from organization;
  perform pg_temp.must((rows = 1) = is_known, what || ': told');
  perform pg_temp.must(((select string_agg(coverage::text, ' ' order by from_at) from coverage) is distinct from spans) = is_known, what || ': coverage');
  perform pg_temp.must(is_known or before is not distinct from after, what || ': nothing is written');
  perform pg_temp.must(before.listed_at = after.listed_at, what || ': the listing is no listing of this revision');
end $$;
delete from coverage;
select extend_coverage('orga_1', '1 h', '2026-02-01 10:00', '2026-02-01 10:00', '2026-02-01 10:00', 1, null, null);
update organization set revision_id = gen_random_uuid(), listed_at = '2026-02-01 10:30', last_swept_at = '2026-02-01 10:00';
call pg_temp.owes('a revision that nobody knows', '2026-02-01 10:10', :'revision', false);
insert into sweep (organization_id, sweep_id, started_at, finished_at, outcome, revision_id) values ('orga_1', 100, '2026-02-01', '2026-02-01', 'changed', split_part(:'revision', ':', 2)::uuid);
call pg_temp.owes('before the sweep that came after it', '2026-02-01 10:10', :'revision', true);
call pg_temp.owes('while another process listed', '2026-02-01 10:40', :'revision', false);
update organization set revision_id = split_part(:'revision', ':', 2)::uuid, last_outcome = 'failed';

-- Plan: in a read-only transaction.
delete from account;
insert into account_history (organization_id, seq, account_id, version, change, observed_at, document, changed_fields, sweep_id, hash_version, previous_hash, hash)
values ('orga_1', 1, 'a', 1, 'added', now(), '{"_type":"zoom","email":"a@x","n":1,"v":1}', '{}', 1, 1, '', ''), ('orga_1', 2, 'b', 1, 'added', now(), '{"email":"b@x"}', '{}', 1, 1, '', '');
insert into account_digest values ('orga_1', 'a', 'r', 'c', null);
insert into account (organization_id, account_id, first_seen_at, changed_at) values ('orga_1', 'c', now(), now());
begin read only;
execute difference ('orga_1', '[["a","","",{"_type":"zoom","email":"a@x","n":2,"v":2}],["d","","",{"email":"d@x"}]]', '{b}', '{v}', '{}') \g /tmp/closesyncd_difference
commit;
\set planned `cat /tmp/closesyncd_difference; rm /tmp/closesyncd_difference`
select pg_temp.must(:'planned' = E'changed|a|zoom|a@x|n|1|2\nremoved|b||b@x|||\nadded|d||d@x|||', 'plan');
begin read only;
execute addition ('[["d","","",{"email":"d@x"}],["a","","",{"_type":"zoom","email":"a@x","n":2}]]') \g /tmp/closesyncd_addition
commit;
\set planned `cat /tmp/closesyncd_addition; rm /tmp/closesyncd_addition`
select pg_temp.must(:'planned' = E'added|a|zoom|a@x|||\nadded|d||d@x|||', 'plan without a schema');
execute revision ('orga_1') \gset
select pg_temp.must(:'revision' = '3:' || revision_id, 'the revision') from organization;
execute stored ('orga_1', true, '{}') \g /tmp/closesyncd_stored
\set stored `sort /tmp/closesyncd_stored; rm /tmp/closesyncd_stored`
select pg_temp.must(:'stored' = E'a||\nb||\nc||', 'digests without account, accounts without digest, alive in history alone');
execute status \gset
select pg_temp.must(:'organization' = 'one' and :accounts = 1 and :'outcome' = 'failed', 'status');
execute schema_state ('close_crm') \gset
select pg_temp.must(:'exists' and :'is_owner' and :'may_create' and :'has_migrations', 'the schema');
execute schema_state ('nowhere') \gset
select pg_temp.must(not :'exists' and not :'has_migrations' and :'may_create', 'no schema');
execute privileges \g /dev/null
select pg_temp.must(:ROW_COUNT = 0, 'an owner lacks nothing');
create role closesyncd_test_reader;
set role closesyncd_test_reader;
execute schema_state ('close_crm') \gset
select current_setting('is_superuser') = 'off' and not :'is_owner' as unprivileged \gset
reset role;
drop role closesyncd_test_reader;
\if :unprivileged
\else
  select 1 / 0;
\endif
