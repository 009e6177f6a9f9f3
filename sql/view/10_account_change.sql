-- Every change by field. The version before is found by its number, so any filter on history is pushed down. A row added or removed
-- is one row with field NULL and the whole document. Where a side was erased or pruned, a row per changed top-level field remains.
create or replace view account_change with (security_invoker = true) as
select
  past.organization_id, past.seq, past.account_id,
  json_text(coalesce(past.document, earlier.document) -> '_type') as type,
  json_text(coalesce(past.document, earlier.document) -> 'email') as email,
  past.change, difference.field, difference.old_value, difference.new_value, past.not_before, past.observed_at,
  past.changed_fields
from account_history as past
left join account_history as earlier
  on earlier.organization_id = past.organization_id
  and earlier.account_id = past.account_id
  and earlier.version = past.version - 1
cross join lateral (
  select leaf.field, leaf.old_value, leaf.new_value
  from document_difference(earlier.document, past.document, past.changed_fields) as leaf
  where past.change in ('changed', 'rescoped')
  and earlier.document_salt is not null
  and past.document_salt is not null
  union all
  select field, earlier.document -> field, past.document -> field
  from unnest(past.changed_fields) as field
  where past.change in ('changed', 'rescoped')
  and (earlier.document_salt is null or past.document_salt is null)
  union all
  select null, case past.change when 'removed' then earlier.document end, past.document
  where past.change in ('added', 'removed')
) as difference;
comment on view account_change is 'Every change ever seen, a row per changed field';
comment on column account_change.organization_id is 'The organization';
comment on column account_change.seq is 'Position in the organization''s history';
comment on column account_change.account_id is 'The account';
comment on column account_change.type is 'Its type after the change; of a removed one before it';
comment on column account_change.email is 'Its address after the change; of a removed one before it';
comment on column account_change.change is 'added, changed, removed, or rescoped: Close changed nothing, but sync.exclude_fields did';
comment on column account_change.field is 'Top-level name, path of a leaf (smtp.host), or name of the list an element came to or left; NULL for added and removed';
comment on column account_change.old_value is 'Value (or element gone) before; the whole document of a removed account; NULL: absent, or erased, or pruned';
comment on column account_change.new_value is 'Value (or element come) after; the whole document of an added account; NULL: absent, or erased';
comment on column account_change.not_before is 'The change happened after this time; NULL for what the first complete sweep found';
comment on column account_change.observed_at is 'The change was seen at this time';
comment on column account_change.changed_fields is 'Top-level names that changed with this seq; {} for added and removed';
