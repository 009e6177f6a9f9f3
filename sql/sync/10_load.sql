-- Takes in one batch of documents. Needs an empty `incoming`: between batches, query/next_batch.
--
-- $1 jsonb: [[account_id, raw_digest in hex, canonical_digest in hex, document], …], no account twice in a sweep
with loaded as (
  insert into incoming (account_id, raw_digest, canonical_digest, document)
  select entry ->> 0, decode(entry ->> 1, 'hex'), decode(entry ->> 2, 'hex'), entry -> 3
  from jsonb_array_elements($1::jsonb) as entry
  where not exists (select from incoming as had where had.account_id = entry ->> 0)
  returning account_id
)
select 'incoming' as what, count(*)::integer as added, 0 as changed, 0 as removed
from loaded;
