-- Rows of accounts that are not in the history go in a verifying sweep; the one that binds the organization does not look for any.
\ir prepare.psql
\set gone '{}'
\set rejected '[]'
\set unseen '{}'
\set error ''
\set volatile '{}'
\set verify true
\set complete true
select '[["a", "0a", "0b", {"id": "a", "n": 1}]]' as batch \gset
insert into account_identity values ('orga_1', 'stranger', 'x', 'x', true);
\set revision null
\set outcome unchanged
\set started '2026-01-01 00:00'
\ir sweep.psql
select pg_temp.must(:added = 1 and :repaired = 0 and count(*) = 1, 'not looked for') from account_identity where account_id = 'stranger';
\set outcome unchanged
\set started '2026-01-01 00:01'
\ir sweep.psql
select pg_temp.must(:repaired = 1 and count(*) = 0, 'found by the next one') from account_identity where account_id = 'stranger';

-- Bound anew, because its row was lost: it has a past, so it is looked through.
delete from organization;
insert into account_digest values ('orga_1', 'stranger', '', '', null);
insert into account_feature values ('orga_1', 'stranger', 'f', true, true);
\set revision null
\set outcome unchanged
\set started '2026-01-01 00:02'
\ir sweep.psql
select pg_temp.must(:repaired = 1 and not exists (select from account_digest where account_id = 'stranger') and count(*) = 0, 'found') from account_feature;
select pg_temp.must(count(*) = 0, 'the mirror holds') from verify_mirror('orga_1');
