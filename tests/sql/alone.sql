-- What is asked of one organization reads that one alone, whatever the others have and before statistics tell of it.
\ir record.psql
alter table account set (autovacuum_enabled = off);
insert into organization (organization_id, name) select 'o' || o, 'o' || o from generate_series(1, 200) as o;
insert into account_history (organization_id, seq, account_id, version, change, observed_at, document, changed_fields, sweep_id, hash_version, previous_hash, hash, document_salt, document_digest)
select organization_id, a, 'a' || a, 1, 'added', now(), '{"id": "a"}', '{}', 1, 1, '', '', '', '' from organization, generate_series(1, 40) as a;
insert into account select h.organization_id, h.account_id, s.*, h.observed_at, h.observed_at from account_history as h, account_shape(h.document) as s;
analyze account_history;
begin;
select pg_temp.must(count(*) = 40, 'the digests are missing') from verify_mirror('o7');
select pg_temp.must(seq_tup_read + idx_tup_fetch <= 80, format('%s rows of %s read', seq_tup_read + idx_tup_fetch, relname))
from pg_stat_xact_user_tables
where relid = 'account'::regclass;
rollback;
