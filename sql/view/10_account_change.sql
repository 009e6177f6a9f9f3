-- Every change by field. A field that is no list and no object tells both its values, without a look at any other row; the rest is told leaf
-- by leaf, element by element. The version before is found by its number, only where a field is wanted of it, so that a filter by field,
-- account or time reads what it names and nothing else. A row added or removed is one row with field NULL and the whole document. Where a
-- side was erased or pruned, a row per changed top-level field remains.
create or replace view account_change with (security_invoker = true) as
select
  past.organization_id, past.seq, past.account_id,
  json_text(part.document -> '_type') as type,
  json_text(part.document -> 'email') as email,
  past.change, part.field, part.old_value, part.new_value, past.not_before, past.observed_at,
  past.changed_fields
from account_history as past
cross join lateral (
  select top as field, earlier.document -> top as old_value, past.document -> top as new_value, past.document
  from unnest(past.changed_fields) as top
  left join account_history as earlier
    on earlier.organization_id = past.organization_id
    and earlier.account_id = past.account_id
    and earlier.version = past.version - 1
  where past.change in ('changed', 'rescoped')
  and top = any (plain_fields())
  union all
  select leaf.field, leaf.old_value, leaf.new_value, past.document
  from account_history as earlier
  cross join lateral document_difference(
    earlier.document, past.document,
    array(select top from unnest(past.changed_fields) as top where top <> all (plain_fields()))) as leaf
  where past.change in ('changed', 'rescoped')
  and not past.changed_fields <@ plain_fields()
  and past.document_salt is not null
  and earlier.organization_id = past.organization_id
  and earlier.account_id = past.account_id
  and earlier.version = past.version - 1
  and earlier.document_salt is not null
  union all
  select top, earlier.document -> top, past.document -> top, past.document
  from unnest(past.changed_fields) as top
  left join account_history as earlier
    on earlier.organization_id = past.organization_id
    and earlier.account_id = past.account_id
    and earlier.version = past.version - 1
  where past.change in ('changed', 'rescoped')
  and top <> all (plain_fields())
  and (earlier.document_salt is null or past.document_salt is null)
  union all
  select null, null, past.document, past.document
  where past.change = 'added'
  union all
  select null, earlier.document, null, earlier.document
  from (select) as gone
  left join account_history as earlier
    on earlier.organization_id = past.organization_id
    and earlier.account_id = past.account_id
    and earlier.version = past.version - 1
  where past.change = 'removed'
) as part;
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
