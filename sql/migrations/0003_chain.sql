-- The chain that makes the history tamper-evident: each row's hash covers the row before and everything the row says.
-- hash_version 1. Used by the steps that write and by whoever verifies; columns added later enter only a later version.

-- What a link says, as text. Stable, not immutable: to_char asks the locale, though this pattern never does.
create function history_link(
    organization_id text, seq bigint, account_id text, version integer, change text, not_before timestamptz,
    observed_at timestamptz, changed_fields text[], sweep_id bigint, document_digest bytea) returns text
  language sql stable parallel safe
begin atomic
  select jsonb_build_array(
    1, organization_id, seq, account_id, version, change,
    to_char(not_before at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
    to_char(observed_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
    changed_fields, sweep_id, encode(document_digest, 'hex'))::text;
end;
comment on function history_link(text, bigint, text, integer, text, timestamptz, timestamptz, text[], bigint, bytea)
  is 'The text of one history row that its hash covers (hash_version 1)';

create function document_digest(salt bytea, document jsonb) returns bytea
  language sql stable parallel safe
begin atomic
  select sha256(salt || convert_to(document::text, 'UTF8'));
end;
comment on function document_digest(bytea, jsonb) is 'document_digest of account_history';

create function history_hash(state bytea, previous bytea, link text) returns bytea
  language sql stable parallel safe
begin atomic
  select sha256(coalesce(state, previous, decode(repeat('00', 32), 'hex')) || convert_to(link, 'UTF8'));
end;
comment on function history_hash(bytea, bytea, text) is 'One step of history_chain: the hash after state (at first: after previous, NULL = the beginning)';

-- history_chain(previous, link) over (order by seq rows unbounded preceding): the hash of every row, in one pass.
create aggregate history_chain(previous bytea, link text) (
  sfunc = history_hash,
  stype = bytea,
  parallel = safe
);
comment on aggregate history_chain(bytea, text) is 'The hashes of consecutive links, beginning after previous';

-- The top-level names in which two documents differ; null and absent differ.
create function changed_fields(before jsonb, after jsonb, volatile_fields text[]) returns text[]
  language sql immutable parallel safe
begin atomic
  select coalesce(array_agg(name order by name collate "C"), '{}')
  from jsonb_each(before) as was (name, value)
  full join jsonb_each(after) as is_now (name, value) using (name)
  where was.value is distinct from is_now.value
  and name <> all (volatile_fields);
end;
comment on function changed_fields(jsonb, jsonb, text[]) is 'Top-level names in which two documents differ, sorted, without volatile ones';
