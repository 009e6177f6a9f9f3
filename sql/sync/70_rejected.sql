-- Keeps the entries that could not be taken; a complete listing without one lets it go.
--
-- $1 jsonb: [{"fingerprint", "account_id", "reason", "document"}, …]; without document: jsonb cannot hold it
with entry as materialized (
  select distinct on (rejected ->> 'fingerprint')
    context.organization_id, rejected ->> 'fingerprint' as fingerprint, rejected ->> 'account_id' as account_id,
    rejected ->> 'reason' as reason, rejected -> 'document' as document, context.started_at
  from sweep_context as context
  cross join jsonb_array_elements($1::jsonb) as rejected
  order by rejected ->> 'fingerprint'
), upserted as (
  insert into rejected_account (organization_id, fingerprint, account_id, reason, document, first_seen_at, last_seen_at)
  select entry.organization_id, fingerprint, entry.account_id, entry.reason, entry.document, started_at, started_at
  from entry
  left join rejected_account as had using (organization_id, fingerprint)
  where (had.account_id, had.reason, had.document, had.last_seen_at) is distinct from
    (entry.account_id, entry.reason, entry.document, entry.started_at)
  on conflict (organization_id, fingerprint) do update set
    (account_id, reason, document, last_seen_at) = row (excluded.account_id, excluded.reason, excluded.document, excluded.last_seen_at)
  returning xmax = 0 as is_new
), deleted as (
  delete from rejected_account
  using sweep_context as context
  where rejected_account.organization_id = context.organization_id
  and context.complete
  and not exists (select from entry where entry.fingerprint = rejected_account.fingerprint)
  returning fingerprint
)
insert into written (what, added, changed, removed)
select 'rejected_account', count(*) filter (where is_new), count(*) filter (where not is_new), (select count(*) from deleted)
from upserted
returning what, added, changed, removed;
