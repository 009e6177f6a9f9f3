-- Remembers the digests of the incoming documents, under which sync.exclude_fields they were taken, and that this listing showed them. `offset 0` and `any` as in 30_account.
with different as materialized (
  select
    context.organization_id, incoming.account_id, incoming.raw_digest, incoming.canonical_digest,
    context.excluded_fields, had.account_id is null as is_new
  from sweep_context as context
  cross join incoming
  left join lateral (
    select *
    from account_digest
    where organization_id = context.organization_id
    and account_id = incoming.account_id
    and not context.is_first
    offset 0
  ) as had on true
  where had.account_id is null
  or had.seen_at is not null
  or (had.raw_digest, had.canonical_digest, had.excluded_fields) is distinct from
    (incoming.raw_digest, incoming.canonical_digest, context.excluded_fields)
), inserted as (
  insert into account_digest (organization_id, account_id, raw_digest, canonical_digest, excluded_fields)
  select organization_id, account_id, raw_digest, canonical_digest, excluded_fields
  from different
  where is_new
  returning account_id
), updated as (
  update account_digest
  set (raw_digest, canonical_digest, excluded_fields, seen_at) = row (
    different.raw_digest, different.canonical_digest, different.excluded_fields, null)
  from different
  where account_digest.organization_id = different.organization_id
  and account_digest.account_id = different.account_id
  and not different.is_new
  and account_digest.organization_id = (select organization_id from sweep_context)
  and account_digest.account_id = any (array(select account_id from different where not is_new))
  returning different.account_id
)
insert into written (what, added, changed, removed)
select 'account_digest', (select count(*) from inserted), (select count(*) from updated), 0
returning what, added, changed, removed;
