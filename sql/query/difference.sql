-- What a sweep would write down, without writing (plan): each addition, change and removal, field by field. Reads only,
-- needs no temporary table. Where nothing is mirrored yet, everything is an addition.
--
-- $1 organization_id text, $2 jsonb as in sync/10_load, $3 text[] account_ids proven gone, $4 text[] volatile fields
-- -> change text, account_id text, type text, email text, fields jsonb {name: [old, new]}
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
    case when past.change <> 'removed' then past.document end as before
  from entry
  left join lateral (
    select change, document
    from account_history
    where organization_id = $1::text
    and account_id = entry.account_id
    order by version desc
    limit 1
  ) as past on true
)
select
  case when before is null then 'added' when after is null then 'removed' else 'changed' end as change,
  account_id,
  coalesce(after, before) ->> '_type' as type,
  coalesce(after, before) ->> 'email' as email,
  coalesce(fields.differing, '{}') as fields
from compared
left join lateral (
  select jsonb_object_agg(name, jsonb_build_array(before -> name, after -> name)) as differing
  from unnest(changed_fields(before, after, $4::text[])) as name
  where before is not null
  and after is not null
) as fields on true
where (before is null) <> (after is null)
or fields.differing is not null
order by account_id collate "C";
