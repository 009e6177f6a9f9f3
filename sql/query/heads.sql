-- Where the evidence of each organization stands: its newest history row and, in head, one line to be kept elsewhere, from which a
-- later `verify --since` proves that nothing before it was cut off or made anew. `run` logs it daily and on stop.
--
-- -> organization text (NAME), organization_id text, seq bigint, hash text (hex), rows bigint, head text
select
  organization.name as organization,
  organization.organization_id,
  substring(head.text from '\sseq=([0-9]+)')::bigint as seq,
  substring(head.text from '\shash=([0-9a-f]+)') as hash,
  (select count(*) from account_history where account_history.organization_id = organization.organization_id) as rows,
  head.text as head
from organization
cross join lateral (select head_text(organization.organization_id) as text offset 0) as head
order by organization.name collate "C";
