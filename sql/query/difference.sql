-- What a sweep would write down, without writing (plan): a row for each addition and removal, and one for each field that
-- changed or, first, was rescoped (sync/20_history). Reads only, needs no temporary table. Of a field, SQL NULL is absent, and null is Close's own null.
--
-- $1 organization_id text, $2 jsonb as in sync/10_load, $3 text[] account_ids proven gone, $4 text[] volatile fields,
-- $5 text[] excluded fields
-- -> change text, account_id text, type text, email text, field text, before jsonb, after jsonb
with entry as materialized (
  select entry ->> 0 as account_id, entry -> 3 as document
  from jsonb_array_elements($2::jsonb) as entry
  union all
  select account_id, null
  from unnest($3::text[]) as account_id
), compared as (
  select
    entry.account_id,
    entry.document as after,
    case when past.change <> 'removed' then past.document end as before,
    case
      when past.change <> 'removed' and entry.document is not null and taken.excluded_fields <> $5::text[]
      then rescoped_document(past.document, entry.document, taken.excluded_fields, $5)
    end as rescoped
  from entry
  left join lateral (
    select change, document
    from account_history
    where organization_id = $1::text
    and account_id = entry.account_id
    order by version desc
    limit 1
  ) as past on true
  left join lateral (
    select coalesce(
      (
        select account_digest.excluded_fields
        from account_digest
        where account_digest.organization_id = $1
        and account_digest.account_id = entry.account_id),
      (select organization.excluded_fields from organization where organization.organization_id = $1)) as excluded_fields
    offset 0
  ) as taken on true
), step as (
  select account_id, 1 as number, before, rescoped as after, changed_fields(before, rescoped, '{}') as fields
  from compared
  where rescoped is not null
  union all
  select account_id, 2, coalesce(rescoped, before), after, changed_fields(coalesce(rescoped, before), after, $4::text[])
  from compared
)
select
  case when number = 1 then 'rescoped' when before is null then 'added' when after is null then 'removed' else 'changed' end as change,
  account_id,
  coalesce(after, before) ->> '_type' as type,
  coalesce(after, before) ->> 'email' as email,
  differing.field,
  before -> differing.field as before,
  after -> differing.field as after
from step
left join lateral unnest(fields) as differing (field)
  on before is not null and after is not null
where (before is null) <> (after is null)
or differing.field is not null
order by account_id collate "C", number, differing.field collate "C";
