-- What changed between two documents, or between two times.

-- The named top-level fields of two documents, leaf by leaf: objects by the path of what is in them (smtp.host), lists by the
-- elements that came and went.
create or replace function document_difference(before jsonb, after jsonb, fields text[])
  returns table (field text, old_value jsonb, new_value jsonb)
  language sql immutable parallel safe
begin atomic
  with recursive part (field, was, became) as (
    select named, before -> named, after -> named
    from unnest(fields) as named
    union all
    select part.field || '.' || name, inner_was, inner_became
    from part
    cross join lateral (
      select name, had.value, has.value
      from jsonb_each(json_map(part.was)) as had (name, value)
      full join jsonb_each(json_map(part.became)) as has (name, value) using (name)
      where had.value is distinct from has.value
    ) as member (name, inner_was, inner_became)
  )
  select part.field, leaf.was, leaf.became
  from part
  cross join lateral (
    -- A plain value on either side, or nothing on both (null, absent, {} and [] are not the same, but neither has leaves).
    select
      case when coalesce(jsonb_typeof(part.was), '') not in ('object', 'array') or part.was in ('{}', '[]') then part.was end,
      case when coalesce(jsonb_typeof(part.became), '') not in ('object', 'array') or part.became in ('{}', '[]') then part.became end
    where jsonb_typeof(part.was) not in ('object', 'array', 'null')
    or jsonb_typeof(part.became) not in ('object', 'array', 'null')
    or coalesce(part.was, 'null') in ('{}', '[]', 'null') and coalesce(part.became, 'null') in ('{}', '[]', 'null')
    union all
    (
      select gone.element, null::jsonb
      from (
        select element from jsonb_array_elements(json_list(part.was)) as element
        except all
        select element from jsonb_array_elements(json_list(part.became)) as element
      ) as gone
    )
    union all
    (
      select null, come.element
      from (
        select element from jsonb_array_elements(json_list(part.became)) as element
        except all
        select element from jsonb_array_elements(json_list(part.was)) as element
      ) as come
    )
  ) as leaf (was, became);
end;
comment on function document_difference(jsonb, jsonb, text[]) is 'What differs between two documents in the named fields: leaf by leaf, lists by elements';

-- Why a side of a change has no value: Close said none, it was not asked for, or what Close said is not known any more.
create or replace function why_no_value(change text, version integer, document_salt bytea) returns text
  language sql immutable parallel safe
begin atomic
  select
    case
      when document_salt is not null then case when change = 'rescoped' then 'not asked for' else 'absent' end
      when version is null then 'pruned'
      else 'erased'
    end;
end;
comment on function why_no_value(text, integer, bytea) is
  'absent, not asked for, pruned or erased: of a change, and of the version that the side without a value shows (NULL: it is gone)';

-- The same of one field, each leaf an object without the side that is absent; NULL where a document is.
create or replace function document_leaves(before jsonb, after jsonb, top text) returns jsonb[]
  language sql immutable strict parallel safe
begin atomic
  select array_agg(
    jsonb_build_object('field', leaf.field)
    || case when leaf.old_value is null then '{}' else jsonb_build_object('old_value', leaf.old_value) end
    || case when leaf.new_value is null then '{}' else jsonb_build_object('new_value', leaf.new_value) end)
  from document_difference(before, after, array[top]) as leaf;
end;
comment on function document_leaves(jsonb, jsonb, text) is 'What differs between two documents in one field: its leaves as objects with field, old_value, new_value';

-- The same between any two times, as a net: what changed and changed back in between is not in it. Where a side was erased, a row for
-- each top-level field that the history names, as above; or, where that is another stay, one with field NULL and what is left of both.
-- 'rescoped' is a field that was asked for at one of the two times alone (sync.exclude_fields): it is in one document, and the row next to
-- the other one that names it is rescoped. Of what was erased, such rows came and went by turns.
create or replace function account_difference(from_at timestamptz, until_at timestamptz)
  returns table (
    organization_id text, account_id text, type text, email text, change text, field text, old_value jsonb, new_value jsonb)
  language sql stable parallel safe
begin atomic
  select
    organization.organization_id, account_id,
    json_text(coalesce(became, was) -> '_type'),
    json_text(coalesce(became, was) -> 'email'),
    case when was is null then 'added' when became is null then 'removed' when difference.is_rescoped then 'rescoped' else 'changed' end,
    difference.field, difference.old_value, difference.new_value
  from organization
  -- Each side for one organization: no filter would reach into the sides of a full join.
  cross join lateral (
    select account_id, before.document, after.document, before.seq, after.seq, before.is_erased or after.is_erased
    from (
      select *
      from document_as_of(account_difference.from_at) as past
      where past.organization_id = organization.organization_id
    ) as before
    full join (
      select *
      from document_as_of(account_difference.until_at) as past
      where past.organization_id = organization.organization_id
    ) as after using (account_id)
  ) as pair (account_id, was, became, was_seq, became_seq, is_erased)
  left join lateral (
    select array(
      select top
      from account_history as past
      cross join lateral unnest(past.changed_fields) as top
      where past.organization_id = organization.organization_id
      and past.account_id = pair.account_id
      and past.seq > was_seq
      and past.seq <= became_seq
      group by top
      having case
        when is_erased then count(*) filter (where past.change = 'rescoped') % 2 = 1
        when was ? top then not became ? top and (array_agg(past.change order by past.seq desc))[1] = 'rescoped'
        else (array_agg(past.change order by past.seq))[1] = 'rescoped'
        end) as fields
    offset 0
  ) as rescoped on was_seq < became_seq
  cross join lateral (
    select scope.is_rescoped, leaf.field, leaf.old_value, leaf.new_value
    from (
      select false, changed_fields(was, became, organization.volatile_fields || rescoped.fields)
      union all
      select true, array(select unnest(changed_fields(was, became, '{}')) intersect select unnest(rescoped.fields))
      where rescoped.fields <> '{}'
    ) as scope (is_rescoped, fields)
    cross join lateral document_difference(was, became, scope.fields) as leaf
    where not is_erased
    union all
    select
      coalesce(named.field = any (rescoped.fields), false), named.field,
      case when named.field is null then was else was -> named.field end,
      case when named.field is null then became else became -> named.field end
    from (
      select distinct case when bool_or(past.change = 'added') over () then null else field end as field
      from account_history as past
      left join unnest(past.changed_fields) as field on true
      where past.organization_id = organization.organization_id
      and past.account_id = pair.account_id
      and past.seq > was_seq
      and past.seq <= became_seq
    ) as named
    where is_erased
    union all
    select false, null, was, became
    where was is null
    or became is null
  ) as difference
  where was_seq is distinct from became_seq;
end;
comment on function account_difference(timestamptz, timestamptz) is 'What changed between two times, a row per field, without volatile ones; rescoped: it was asked for at one of them alone';
