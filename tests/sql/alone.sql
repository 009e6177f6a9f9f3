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

-- Pruning many, too: each organization's rows some few times, not once for every organization.
insert into account_history (organization_id, seq, account_id, version, change, observed_at, document, changed_fields, sweep_id, hash_version, previous_hash, hash, document_salt, document_digest)
select organization_id, 41, 'a1', 2, 'changed', now(), '{"id": "a"}', '{n}', 1, 1, '', '', '', '' from organization;
vacuum analyze account_history, history_anchor;
set plan_cache_mode = force_generic_plan; -- as the daemon's
begin;
select pg_temp.must(count(*) = 200 and sum(dropped) = 200, 'a row of each') from prune_history('0 s');
select pg_temp.must(seq_tup_read + idx_tup_fetch <= case relname when 'history_anchor' then 3 * 200 when 'organization' then 5 * 200 else 10 * 200 * 41 end,
  format('%s rows of %s read', seq_tup_read + idx_tup_fetch, relname))
from pg_stat_xact_user_tables
where relid in ('account_history'::regclass, 'history_anchor'::regclass, 'organization'::regclass);
rollback;
