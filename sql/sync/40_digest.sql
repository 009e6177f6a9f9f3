-- Remembers the digests of the incoming documents, and that this listing showed them.
with upserted as (
  insert into account_digest (organization_id, account_id, raw_digest, canonical_digest, seen_at)
  select context.organization_id, incoming.account_id, incoming.raw_digest, incoming.canonical_digest, null
  from sweep_context as context
  cross join incoming
  left join lateral (
    select *
    from account_digest
    where organization_id = context.organization_id
    and account_id = incoming.account_id
    offset 0
  ) as had on true
  where had.account_id is null
  or had.seen_at is not null
  or (had.raw_digest, had.canonical_digest) is distinct from (incoming.raw_digest, incoming.canonical_digest)
  on conflict (organization_id, account_id) do update set
    (raw_digest, canonical_digest, seen_at) = row (excluded.raw_digest, excluded.canonical_digest, excluded.seen_at)
  returning xmax = 0 as is_new
)
insert into written (what, added, changed, removed)
select 'account_digest', count(*) filter (where is_new), count(*) filter (where not is_new), 0
from upserted
returning what, added, changed, removed;
