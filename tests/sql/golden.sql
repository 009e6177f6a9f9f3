-- Time travel, changes and coverage in the golden cases, each by its name.
\ir record.psql
\set google '{"_type": "google", "id": "a", "email": "a@x", "send_status": "ok", "smtp": {"host": "h", "port": 465}, "identities": [{"email": "a@x", "name": "A"}], "enabled_features": ["f"]}'

-- insert, delete, re-insert of the same id
select pg_temp.record('o', 'a', '2026-01-01 00:00', :'google');
select pg_temp.record('o', 'a', '2026-01-02 00:00', null, '2026-01-01 23:59');
select pg_temp.record('o', 'a', '2026-01-03 00:00', :'google', '2026-01-02 23:59');
select pg_temp.must(array_agg(version || change order by seq) = '{1added,2removed,3added}', 'versions go on') from account_history;
select pg_temp.must((select count(*) from account_as_of('2025-12-31 23:59:59')) = 0, 'before it was');
select pg_temp.must((select first_seen_at from account_as_of('2026-01-01 12:00')) = '2026-01-01', 'the first stay');
select pg_temp.must((select count(*) from account_as_of('2026-01-02 12:00')) = 0, 'between the stays');
select pg_temp.must((select first_seen_at from account_as_of('infinity')) = '2026-01-03', 'the second stay');
select pg_temp.must(array_agg(change || coalesce(field, '-') order by seq) = '{added-,removed-,added-}', 'changes') from account_change;
select pg_temp.must((select old_value ->> 'email' from account_change where change = 'removed') = 'a@x', 'what was removed is told');
select pg_temp.must((select email from account_change where change = 'removed') = 'a@x', 'by its address');
select pg_temp.must((select count(*) from account_difference('2026-01-01 12:00', '2026-01-03 12:00')) = 0, 'net: nothing');
select pg_temp.must((select change from account_difference('2026-01-01 12:00', '2026-01-02 12:00')) = 'removed', 'net: removed');

-- elements re-ordered only
select pg_temp.must(count(*) = 0, 're-ordered') from document_difference('{"l": [{"a": 1}, {"a": 2}, 3, 3]}', '{"l": [3, {"a": 2}, {"a": 1}, 3]}', '{l}');
select pg_temp.must(array_agg(field || coalesce(old_value::text, '-') || coalesce(new_value::text, '-') order by 1) = '{l3-}', 'one of two equal elements went')
from document_difference('{"l": [1, 3, 3]}', '{"l": [3, 1]}', '{l}');

-- Leaves: every way in which two values can differ.
select pg_temp.must(string_agg(format('%s %s %s', field, old_value, new_value), ', ' order by field, old_value, new_value) =
  'a 1 2, b null , c  null, d 1 , d.x  2, e.x.y 1 2, f.x 1 , f.z  {}, g {} [], h {"y": 1} , h  1, i.x  1, k  [], l 1 , l  2', 'leaves')
from document_difference(
  '{"a": 1, "b": null, "d": 1, "e": {"x": {"y": 1}, "same": 1}, "f": {"x": 1}, "g": {}, "h": [{"y": 1}], "i": null, "l": 1}',
  '{"a": 2, "c": null, "d": {"x": 2}, "e": {"x": {"y": 2}, "same": 1}, "f": {"z": {}}, "g": [], "h": 1, "i": {"x": 1}, "k": [], "l": [2]}',
  '{a,b,c,d,e,f,g,h,i,k,l}');

-- two organizations sharing an account id
select pg_temp.record('p', 'a', '2026-01-02 00:00', :'google'::jsonb || '{"email": "other@x"}');
select pg_temp.must(array_agg(organization_id || email order by 1) = '{pother@x}', 'the other one alone') from account_as_of('2026-01-02 12:00');
select pg_temp.must(array_agg(organization_id || email order by 1) = '{oa@x,pother@x}', 'each its own') from account_as_of('infinity');
select pg_temp.must(array_agg(organization_id order by 1) = '{p}', 'filtered') from account_identity_as_of('infinity') where organization_id = 'p';

-- a sweep at exactly the asked timestamp
select pg_temp.must((select count(*) from account_as_of('2026-01-01 00:00')) = 1, 'observed then is known then');
select pg_temp.must((select count(*) from account_as_of(timestamptz '2026-01-01 00:00' - interval '1 us')) = 0, 'and not before');
select pg_temp.must((select count(*) from account_as_of('2026-01-02 00:00') where organization_id = 'o') = 0, 'removed then is gone then');

-- an account whose type changes
select pg_temp.record('o', 'a', '2026-02-01 00:00', :'google'::jsonb || '{"_type": "microsoft", "smtp": {"host": "h", "port": 587}, "identities": [{"email": "a@x", "name": "B"}], "enabled_features": ["f", "g"]}', '2026-01-31');
select pg_temp.must((select type from account_as_of('2026-01-31')where organization_id = 'o') = 'google', 'before');
select pg_temp.must((select type from account_as_of('2026-02-01')where organization_id = 'o') = 'microsoft', 'after');
select pg_temp.must(string_agg(format('%s %s %s', field, old_value, new_value), E'\n' order by field, old_value) = $$_type "google" "microsoft"
enabled_features  "g"
identities {"name": "A", "email": "a@x"} 
identities  {"name": "B", "email": "a@x"}
smtp.port 465 587$$, 'by field') from account_change where seq = 4 and organization_id = 'o';
select pg_temp.must(bool_and(type = 'microsoft' and email = 'a@x'), 'told by what it is now') from account_change where seq = 4 and organization_id = 'o';
select pg_temp.must((select count(*) from account_difference('2026-01-31', '2026-02-01')) = 5, 'the same as a net');

-- daylight saving: the hour that comes twice is two hours
set TimeZone = 'Europe/Berlin';
select pg_temp.record('d', 'a', '2026-10-25 02:30+02', :'google');
select pg_temp.record('d', 'a', '2026-10-25 02:30+01', :'google'::jsonb || '{"send_status": "error"}', '2026-10-25 02:59:59+02');
select pg_temp.must((select send_status from account_as_of('2026-10-25 02:45+02') where organization_id = 'd') = 'ok', 'summer');
select pg_temp.must((select send_status from account_as_of('2026-10-25 02:45+01') where organization_id = 'd') = 'error', 'winter');
select pg_temp.must(count(*) = 0, 'the chain does not ask the session') from verify_history('d');
set DateStyle = 'German'; set IntervalStyle = 'sql_standard'; set extra_float_digits = 0; set bytea_output = 'escape';
select pg_temp.must(count(*) = 0, 'whatever it has set') from verify_history('d');
set TimeZone = 'Asia/Kathmandu';
select pg_temp.must(count(*) = 0, 'wherever it is') from verify_history('d');
reset DateStyle; reset IntervalStyle; reset extra_float_digits; reset bytea_output; set TimeZone = 'UTC';

-- an outage in the middle; a change and its reverse between two sweeps (not seen, and the interval says so)
insert into coverage (organization_id, from_at, until_at, sweeps, longest_gap, pending_gap, first_ended_at) values
  ('o', '2026-03-01 00:00', '2026-03-01 06:00', 361, '62 s', '61 s', '2026-03-01 00:00:02'),
  ('o', '2026-03-01 09:00', '2026-03-01 12:00', 181, '70 s', '61 s', '2026-03-01 09:00:03');
select pg_temp.must(array_agg(from_at order by from_at) = '{2026-03-01 06:00+00}' and array_agg(until_at) = '{2026-03-01 09:00+00}', 'the outage')
from coverage_gap('o', '2026-03-01 01:00', '2026-03-01 11:00');
select pg_temp.must(array_agg(until_at - from_at order by from_at) = '{01:00:00,03:00:00,12:00:00}', 'and outside')
from coverage_gap('o', '2026-02-28 23:00', '2026-03-02 00:00');
select pg_temp.must(count(*) = 2 + 1, 'from ever to ever') from coverage_gap('o', '-infinity', 'infinity');
select pg_temp.must(was_watching('o', '2026-03-01 00:00', '2026-03-01 06:00'), 'to the edges');
select pg_temp.must(not was_watching('o', '2026-03-01 05:00', '2026-03-01 10:00'), 'not through the outage');
select pg_temp.must(not was_watching('o', '2026-03-01 05:00', timestamptz '2026-03-01 06:00' + interval '1 us'), 'nor past the edge');
select pg_temp.must(not was_watching('nobody', '2026-03-01', '2026-03-01'), 'nor where nobody is');
select pg_temp.must(unseen_at_most('o', '2026-03-01 01:00', '2026-03-01 05:00') = '62 s', 'a reverse within 62 s is not seen');
select pg_temp.must(unseen_at_most('o', '2026-03-01 10:00', '2026-03-01 11:00') = '70 s', 'in the other span');
select pg_temp.must(unseen_at_most('o', '2026-03-01 01:00', '2026-03-01 11:00') = '03:00:03', 'the outage, to the end of its first listing');
select pg_temp.must(unseen_at_most('o', '2026-03-01 01:00', '2026-03-01 07:00') = '01:00', 'as far as it lies in the time');
select pg_temp.must(unseen_at_most('o', '2026-03-01 01:00', '2026-03-01 01:00:10') = '10 s', 'never longer than the time');
select pg_temp.must(unseen_at_most('o', '2026-03-01 10:00', '2026-03-01 13:00') = '01:00', 'after the end');
select pg_temp.must(unseen_at_most('o', '2026-03-01 10:00', 'infinity') is null and unseen_at_most('o', '-infinity', '2026-03-01 10:00') is null
  and unseen_at_most('nobody', '2026-01-01', 'infinity') is null, 'without bound');
select pg_temp.must(unseen_at_most('nobody', '2026-01-01', '2026-01-02') = '1 day', 'nobody was watching');

-- the same account, asked for without a field: a version like any other, told by its own word
select pg_temp.record('r', 'a', '2026-01-01', '{"id": "a", "_type": "zoom", "email": "a@x", "send_status": 1}');
select pg_temp.record('r', 'a', '2026-01-02', '{"id": "a", "_type": "zoom", "send_status": 1}', '2026-01-01', true);
select pg_temp.record('r', 'a', '2026-01-02', '{"id": "a", "_type": 7, "send_status": "ok"}', '2026-01-01');
select pg_temp.must(string_agg(concat_ws(' ', seq, change, field, old_value, new_value, changed_fields), E'\n' order by seq, field) = $$2 rescoped email "a@x" {email}
3 changed _type "zoom" 7 {_type,send_status}
3 changed send_status 1 "ok" {_type,send_status}$$, 'told') from account_change where organization_id = 'r' and seq > 1;
select pg_temp.must(array_agg(concat(type, '/', send_status) order by seq) = '{zoom/,zoom/,/ok}', 'only texts are generated')
from account_history where organization_id = 'r';
select pg_temp.must((select email is null from account_as_of('2026-01-02') where organization_id = 'r'), 'and lived through');

-- Every history told here holds, and as of infinity is what the newest documents say.
select pg_temp.must(count(*) = 0, 'all histories') from organization cross join lateral verify_history(organization_id);
select pg_temp.must(count(*) = 4, 'all alive') from account_as_of('infinity');

-- The plan: the newest rows are found in the index alone, and a filter on the account reaches it.
insert into organization (organization_id, name) values ('many', 'many');
select pg_temp.record('many', 'm' || n % 200, timestamptz '2026-01-01' + n * interval '1 s', jsonb_build_object('id', 'm' || n % 200, 'n', n, 'filler', repeat('x', 1000)))
from generate_series(1, 2000) as n;
vacuum (analyze) account_history;
-- (That it can be, and what it needs; an autovacuum at the wrong moment leaves pages not all visible, so what could tempt the planner
-- then is taken away.)
set enable_seqscan = off; set enable_bitmapscan = off; set enable_sort = off; set enable_hashagg = off;
create function pg_temp.plan(statement text) returns text language plpgsql as $$
declare line text; plan text := '';
begin
  for line in execute 'explain (costs off) ' || statement loop plan := plan || line || E'\n'; end loop;
  return plan;
end $$;
select pg_temp.must(pg_temp.plan($$select count(*) from account_as_of('2026-01-01 00:10')$$) ~ 'Index Only Scan using account_history_version', 'as of: index only');
select pg_temp.must(pg_temp.plan($$select * from account_identity_as_of('2026-01-01 00:10') where account_id = 'm7' and organization_id = 'many'$$)
  ~ 'Index Only Scan using account_history_version on account_history one\s+Index Cond: \(\(organization_id = organization.organization_id\) AND \(account_id = ''m7''::text\)', 'as of: the account reaches the index');
select pg_temp.must(pg_temp.plan($$select * from account_change where organization_id = 'many' and account_id = 'm7'$$)
  ~ 'account_history_version on account_history past\w*\s+Index Cond: \(\(organization_id = ''many''::text\) AND \(account_id = ''m7''::text\)', 'changes: the account reaches the index');
select pg_temp.must(pg_temp.plan($$select * from account_change where organization_id = 'many' and seq > 1990$$)
  ~ 'account_history_pkey on account_history past\w*\s+Index Cond: \(\(organization_id = ''many''::text\) AND \(seq > 1990\)', 'changes: seq reaches the index');
select pg_temp.must(pg_temp.plan($$select * from account_change where organization_id = 'many' and observed_at > '2026-01-01 00:33' and 'n' = any (changed_fields)$$)
  ~ 'account_history_time on account_history past\w*\s+Index Cond: \(\(organization_id = ''many''::text\) AND \(observed_at > [^\n]*\s+Filter: [^\n]*\(''n''::text = ANY \((?:past\w*\.)?changed_fields\)\)', 'changes: the time reaches the index, the field the history');
select pg_temp.must(pg_temp.plan($$select account_id, version, type, send_status, receive_status, email_receive_status, calendar_receive_status, change, not_before, observed_at
  from account_history where organization_id = 'many' and account_id = 'm7' order by version desc$$) ~ 'Index Only Scan using account_history_version', 'outages: index only');
