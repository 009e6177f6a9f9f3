-- Every change by field. A field that is no list and no object tells both its values; the rest is told leaf by leaf, element by element.
-- A row added or removed is one row with field NULL and the whole document. Where a side was erased or pruned, a row per changed top-level
-- field remains. Fields and leaves are unfolded in select lists, which costs a fourth of a lateral join for each row, and the version
-- before is looked up by its number where a value of it is told, so that a filter by field, account or time reads what it names and nothing
-- else. The index tells a status by itself.
create or replace view account_change with (security_invoker = true) as
select
  past.organization_id, past.seq, past.account_id, past.type,
  case jsonb_typeof(past.document -> 'email') when 'string' then past.document ->> 'email' end as email,
  past.change, past.field,
  case
    when past.leaf is not null then past.leaf -> 'old_value'
    else coalesce(
      case
        when past.top in ('send_status', 'receive_status', 'email_receive_status', 'calendar_receive_status')
        then (
          select to_jsonb(case past.top
            when 'send_status' then earlier.send_status
            when 'receive_status' then earlier.receive_status
            when 'email_receive_status' then earlier.email_receive_status
            else earlier.calendar_receive_status end)
          from account_history as earlier
          where earlier.organization_id = past.organization_id
          and earlier.account_id = past.account_id
          and earlier.version = past.version - 1)
      end,
      (
        select earlier.document -> past.top
        from account_history as earlier
        where earlier.organization_id = past.organization_id
        and earlier.account_id = past.account_id
        and earlier.version = past.version - 1))
  end as old_value,
  case when past.leaf is not null then past.leaf -> 'new_value' else past.document -> past.top end as new_value,
  past.not_before, past.observed_at, past.changed_fields
from (
  select named.*, coalesce(named.leaf ->> 'field', named.top) as field
  from (
    select
      changed.*,
      unnest(coalesce(
        case
          when changed.top <> all (plain_fields())
          then document_leaves(
            (
              select earlier.document
              from account_history as earlier
              where earlier.organization_id = changed.organization_id
              and earlier.account_id = changed.account_id
              and earlier.version = changed.version - 1),
            changed.document, changed.top)
        end,
        '{null}')) as leaf
    from (
      select past.*, unnest(past.changed_fields) as top
      from account_history as past
      where past.change in ('changed', 'rescoped')
    ) as changed
  ) as named
) as past
union all
select
  past.organization_id, past.seq, past.account_id,
  case past.change when 'added' then past.type else earlier.type end,
  json_text(case past.change when 'added' then past.document else earlier.document end -> 'email'),
  past.change, null, earlier.document, past.document, past.not_before, past.observed_at, past.changed_fields
from account_history as past
left join account_history as earlier
  on past.change = 'removed'
  and earlier.organization_id = past.organization_id
  and earlier.account_id = past.account_id
  and earlier.version = past.version - 1
where past.change in ('added', 'removed');
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
