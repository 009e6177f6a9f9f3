-- The chain that makes the history tamper-evident: each row's hash covers the row before and everything the row says.
-- hash_version 1. Used by the steps that write and by whoever verifies; columns added later enter only a later version.

-- Stable, not immutable: to_char asks the locale, though this pattern never does.
create or replace function utc_text(at timestamptz) returns text
  language sql stable parallel safe
begin atomic
  select to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"');
end;
comment on function utc_text(timestamptz) is 'A time as hashes, heads and messages write it';

-- What a link says, as text.
create or replace function history_link(
    organization_id text, seq bigint, account_id text, version integer, change text, not_before timestamptz,
    observed_at timestamptz, changed_fields text[], sweep_id bigint, document_digest bytea) returns text
  language sql stable parallel safe
begin atomic
  select jsonb_build_array(
    1, organization_id, seq, account_id, version, change, utc_text(not_before), utc_text(observed_at), changed_fields,
    sweep_id, encode(document_digest, 'hex'))::text;
end;
comment on function history_link(text, bigint, text, integer, text, timestamptz, timestamptz, text[], bigint, bytea)
  is 'The text of one history row that its hash covers (hash_version 1)';

create or replace function document_digest(salt bytea, document jsonb) returns bytea
  language sql stable parallel safe
begin atomic
  select sha256(salt || convert_to(document::text, 'UTF8'));
end;
comment on function document_digest(bytea, jsonb) is 'document_digest of account_history';

create or replace function history_hash(state bytea, previous bytea, link text) returns bytea
  language sql stable parallel safe
begin atomic
  select sha256(coalesce(state, previous, decode(repeat('00', 32), 'hex')) || convert_to(link, 'UTF8'));
end;
comment on function history_hash(bytea, bytea, text) is 'One step of history_chain: the hash after state (at first: after previous, NULL = the beginning)';

-- history_chain(previous, link) over (order by seq rows unbounded preceding): the hash of every row, in one pass.
create or replace aggregate history_chain(previous bytea, link text) (
  sfunc = history_hash,
  stype = bytea,
  parallel = safe
);
comment on aggregate history_chain(bytea, text) is 'The hashes of consecutive links, beginning after previous';

-- The top-level names in which two documents differ; null and absent differ.
create or replace function changed_fields(before jsonb, after jsonb, volatile_fields text[]) returns text[]
  language sql immutable parallel safe
begin atomic
  select coalesce(array_agg(name order by name collate "C"), '{}')
  from jsonb_each(before) as was (name, value)
  full join jsonb_each(after) as is_now (name, value) using (name)
  where was.value is distinct from is_now.value
  and name <> all (volatile_fields);
end;
comment on function changed_fields(jsonb, jsonb, text[]) is 'Top-level names in which two documents differ, sorted, without volatile ones';

create or replace function erasure_link(
    organization_id text, erasure_id bigint, erased_at timestamptz, erased_by text, reason text, account_ids text[], seqs bigint[],
    tombstones bytea[])
  returns text
  language sql stable parallel safe
begin atomic
  select jsonb_build_array(
    1, organization_id, erasure_id, utc_text(erased_at), erased_by, reason,
    account_ids, seqs, (select jsonb_agg(encode(digest, 'hex') order by place) from unnest(tombstones) with ordinality as tombstone (digest, place)))::text;
end;
comment on function erasure_link(text, bigint, timestamptz, text, text, text[], bigint[], bytea[])
  is 'The text of one erasure that its hash covers';

-- What stays of an erased document: which account it was, its statuses and features; words, for anything else under these names could
-- hold what was to be erased. Erasing twice is erasing once.
create or replace function tombstone(document jsonb) returns jsonb
  language sql immutable parallel safe
begin atomic
  select coalesce(jsonb_object_agg(name, value), '{}')
  from jsonb_each(json_map(document)) as field (name, value)
  where name in ('_type', 'id', 'send_status', 'receive_status', 'email_receive_status', 'calendar_receive_status')
  and jsonb_typeof(value) in ('string', 'null')
  or name in ('available_features', 'enabled_features')
  and (value = 'null' or not jsonb_path_exists(json_list(value), 'strict $[*] ? (@.type() != "string")'));
end;
comment on function tombstone(jsonb) is 'What erasing leaves of a document';

create or replace function tombstone_digest(document jsonb) returns bytea
  language sql stable parallel safe
begin atomic
  select sha256(convert_to(document::text, 'UTF8'));
end;
comment on function tombstone_digest(jsonb) is 'What an erasure remembers of each tombstone it left: nothing else holds it any more';
