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
), due as materialized (
  select entry.*, had.fingerprint is null as is_new
  from entry
  left join rejected_account as had
    on had.organization_id = entry.organization_id
    and had.fingerprint = entry.fingerprint
  where (had.account_id, had.reason, had.document, had.last_seen_at) is distinct from
    (entry.account_id, entry.reason, entry.document, entry.started_at)
  or had.fingerprint is null
), inserted as (
  insert into rejected_account (organization_id, fingerprint, account_id, reason, document, first_seen_at, last_seen_at)
  select organization_id, fingerprint, account_id, reason, document, started_at, started_at
  from due
  where is_new
  returning fingerprint
), updated as (
  update rejected_account
  set (account_id, reason, document, last_seen_at) = row (due.account_id, due.reason, due.document, due.started_at)
  from due
  where rejected_account.organization_id = (select organization_id from sweep_context)
  and rejected_account.fingerprint = due.fingerprint
  and not due.is_new
  returning due.fingerprint
), deleted as (
  delete from rejected_account
  using sweep_context as context
  where rejected_account.organization_id = context.organization_id
  and context.complete
  and not exists (select from entry where entry.fingerprint = rejected_account.fingerprint)
  returning fingerprint
)
insert into written (what, added, changed, removed)
select 'rejected_account', (select count(*) from inserted), (select count(*) from updated), (select count(*) from deleted)
returning what, added, changed, removed;
