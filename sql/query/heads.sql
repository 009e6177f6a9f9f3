-- Where the evidence of each organization stands: its newest history row and, in head, one line to be kept elsewhere, from which a
-- later `verify --since` proves that nothing before it was cut off or made anew. `run` logs it daily and on stop. An organization
-- without a row, of which there is history or mirror nevertheless, goes by its id, and has no head. Rows are as many as the chain
-- says: that none of them is missing is what verifying proves.
--
-- $1 slots integer[]: of a fleet, only organizations in these; NULL: all
-- -> organization text (NAME), organization_id text, seq bigint, hash text (hex), rows bigint, head text
with recursive told (organization_id) as (
  -- From each id to the next one that any table has: tables are long, organizations are few.
  select ''
  union all
  select least(
    (select min(organization_id) from organization where organization_id > told.organization_id),
    (select min(organization_id) from account_history where organization_id > told.organization_id),
    (select min(organization_id) from account where organization_id > told.organization_id),
    (select min(organization_id) from account_identity where organization_id > told.organization_id),
    (select min(organization_id) from account_mail_server where organization_id > told.organization_id),
    (select min(organization_id) from account_calendar where organization_id > told.organization_id),
    (select min(organization_id) from account_feature where organization_id > told.organization_id),
    (select min(organization_id) from account_digest where organization_id > told.organization_id))
  from told
  where told.organization_id is not null
)
select
  coalesce(organization.name, told.organization_id) collate "C" as organization,
  told.organization_id,
  substring(head.text from '\sseq=([0-9]+)')::bigint as seq,
  substring(head.text from '\shash=([0-9a-f]+)') as hash,
  coalesce((select seq from history_head(told.organization_id)), 0)
    - coalesce((select sum(dropped) from history_anchor where history_anchor.organization_id = told.organization_id), 0)::bigint as rows,
  head.text as head
from told
left join organization on organization.organization_id = told.organization_id
cross join lateral (select head_text(told.organization_id) as text offset 0) as head
where told.organization_id <> ''
and ($1::integer[] is null or (hashtextextended(coalesce(organization.name, told.organization_id), 0) & 255)::integer = any ($1))
order by 1;
