-- Where the evidence of each organization stands: its newest history row and, in head, one line to be kept elsewhere, from which a
-- later `verify --since` proves that nothing before it was cut off or made anew. `run` logs it daily and on stop. A history whose
-- organization has no row goes by its id, and has no head.
--
-- -> organization text (NAME), organization_id text, seq bigint, hash text (hex), rows bigint, head text
with recursive told as (
  (
    select organization_id
    from account_history
    order by organization_id
    limit 1
  )
  union all
  select (
    select past.organization_id
    from account_history as past
    where past.organization_id > told.organization_id
    order by past.organization_id
    limit 1)
  from told
  where told.organization_id is not null
), held as (
  select name, organization_id
  from organization
  union all
  select organization_id, organization_id
  from told
  where organization_id is not null
  and organization_id not in (select organization.organization_id from organization)
)
select
  held.name as organization,
  held.organization_id,
  substring(head.text from '\sseq=([0-9]+)')::bigint as seq,
  substring(head.text from '\shash=([0-9a-f]+)') as hash,
  (select count(*) from account_history where account_history.organization_id = held.organization_id) as rows,
  head.text as head
from held
cross join lateral (select head_text(held.organization_id) as text offset 0) as head
order by held.name collate "C";
