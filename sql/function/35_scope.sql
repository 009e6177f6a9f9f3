-- What is asked for under a sync.exclude_fields, and what a document says there. Without exclusions every name is asked for; with some, the
-- other ones of Close's defaults, which are the fields of account_field but for the spare.

create or replace function is_asked(name text, excluded_fields text[]) returns boolean
  language sql immutable parallel safe
begin atomic
  select excluded_fields = '{}'
    or name <> all (excluded_fields) and coalesce(account_field() -> '' ->> name <> 'spare', false);
end;
comment on function is_asked(text, text[]) is 'Whether a top-level name is asked for under these sync.exclude_fields';

create or replace function rescoped_document(before jsonb, after jsonb, excluded_before text[], excluded_after text[]) returns jsonb
  language sql immutable parallel safe
begin atomic
  select coalesce(jsonb_object_agg(name, value), '{}')
  from (
    select name, value
    from jsonb_each(json_map(before)) as had (name, value)
    where is_asked(name, excluded_before)
    and is_asked(name, excluded_after)
    union all
    select name, value
    from jsonb_each(json_map(after)) as has (name, value)
    where not is_asked(name, excluded_before)
    and is_asked(name, excluded_after)
  ) as field;
end;
comment on function rescoped_document(jsonb, jsonb, text[], text[])
  is 'The document before as it would have been under the exclusions after: what only these ask for comes from the document after';
