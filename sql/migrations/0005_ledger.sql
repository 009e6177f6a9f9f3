-- The history is append only. What must leave it nevertheless (erasure, retention) leaves a ledger row in the same transaction,
-- and the history alters only as far as that row says. Privileges refuse everybody but the owner; triggers refuse him too.

create table erasure (
  organization_id text not null,
  erasure_id      bigint not null,
  erased_at       timestamptz not null,
  erased_by       text not null,
  reason          text,
  account_ids     text[] not null,
  seqs            bigint[] not null,
  tombstones      bytea[],
  previous_hash   bytea not null,
  hash            bytea not null,
  transaction_id  xid8 not null default pg_current_xact_id(),
  primary key (organization_id, erasure_id)
);
comment on table erasure is 'Every erasure from the history, append only, each row chained to the one before by its hash';
comment on column erasure.organization_id is 'The organization';
comment on column erasure.erasure_id is '1, 2, 3, … per organization, without gaps';
comment on column erasure.erased_at is 'When';
comment on column erasure.erased_by is 'The database role that asked for it';
comment on column erasure.reason is 'Why, in its words';
comment on column erasure.account_ids is 'The accounts whose documents were erased';
comment on column erasure.seqs is 'The history rows whose documents became tombstones, sorted';
comment on column erasure.tombstones is 'Of each of these rows tombstone_digest(what is left of the document)';
comment on column erasure.previous_hash is 'hash of the erasure before; 32 zero bytes at the first';
comment on column erasure.hash is 'sha256(previous_hash || erasure_link(…) in UTF-8)';
comment on column erasure.transaction_id is 'The transaction that erased';

create table history_anchor (
  organization_id text not null,
  seq             bigint not null,
  hash            bytea not null,
  carried_hash    bytea not null,
  dropped         bigint not null,
  anchored_at     timestamptz not null,
  answers_from    timestamptz not null,
  transaction_id  xid8 not null default pg_current_xact_id(),
  primary key (organization_id, seq)
);
comment on table history_anchor is 'Every pruning of the history, append only; the newest one is where the gapless part begins';
comment on column history_anchor.organization_id is 'The organization';
comment on column history_anchor.seq is 'Rows up to this one were dropped, but for the newest row of each account alive then (the carried ones)';
comment on column history_anchor.hash is 'hash of the row at seq: previous_hash of the next one';
comment on column history_anchor.carried_hash is 'sha256 over the carried rows'' hashes in the order of seq';
comment on column history_anchor.dropped is 'How many rows this pruning dropped';
comment on column history_anchor.anchored_at is 'When';
comment on column history_anchor.answers_from is 'The first time that time travel can still answer for: observed_at of the row at seq';
comment on column history_anchor.transaction_id is 'The transaction that pruned';

create table pruned_account (
  organization_id text not null,
  account_id      text not null,
  version         integer not null,
  primary key (organization_id, account_id)
);
comment on table pruned_account is 'Removed accounts of which pruning left no row: should one return, its versions go on';
comment on column pruned_account.organization_id is 'The organization';
comment on column pruned_account.account_id is 'The account';
comment on column pruned_account.version is 'Version of its last row, which was dropped';

-- Where the chain goes on: the newest row, or the anchor when pruning has dropped that.
create function history_head(organization_id text) returns table (seq bigint, hash bytea)
  language sql stable parallel safe
begin atomic
  select last.seq, last.hash
  from (
    (
      select past.seq, past.hash
      from account_history as past
      where past.organization_id = history_head.organization_id
      order by past.seq desc
      limit 1
    )
    union all
    (
      select anchor.seq, anchor.hash
      from history_anchor as anchor
      where anchor.organization_id = history_head.organization_id
      order by anchor.seq desc
      limit 1
    )
  ) as last
  order by last.seq desc
  limit 1;
end;
comment on function history_head(text) is 'seq and hash of the last link of an organization''s chain; no row: it has none yet';

create function erasure_link(
    organization_id text, erasure_id bigint, erased_at timestamptz, erased_by text, reason text, account_ids text[], seqs bigint[],
    tombstones bytea[])
  returns text
  language sql stable parallel safe
begin atomic
  select jsonb_build_array(
    1, organization_id, erasure_id, to_char(erased_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), erased_by, reason,
    account_ids, seqs, (select jsonb_agg(encode(digest, 'hex') order by place) from unnest(tombstones) with ordinality as tombstone (digest, place)))::text;
end;
comment on function erasure_link(text, bigint, timestamptz, text, text, text[], bigint[], bytea[])
  is 'The text of one erasure that its hash covers';

-- What stays of an erased document: which account it was, its statuses and features; words, for anything else under these names could
-- hold what was to be erased. Erasing twice is erasing once.
create function tombstone(document jsonb) returns jsonb
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

create function tombstone_digest(document jsonb) returns bytea
  language sql stable parallel safe
begin atomic
  select sha256(convert_to(document::text, 'UTF8'));
end;
comment on function tombstone_digest(jsonb) is 'What an erasure remembers of each tombstone it left: nothing else holds it any more';

create function history_refuse() returns trigger
  language plpgsql
  set search_path from current
as $$
begin
  raise exception using errcode = 'CS004',
    message = format('could not %s "%s": it is append only', lower(tg_op), tg_table_name),
    hint = 'Only `closesyncd erase` and `closesyncd prune` alter the history.';
end
$$;
comment on function history_refuse() is 'Trigger: nothing alters this table';

-- After the statement, for all its rows at once: a trigger for each row would search the ledger's arrays row by row.
create function history_refuse_update() returns trigger
  language plpgsql
  set search_path from current
as $$
begin
  if exists (
    select
    from was
    full join became using (organization_id, seq)
    left join (
      select organization_id, unnest(seqs) as seq
      from erasure
      where transaction_id = pg_current_xact_id()
    ) as erased using (organization_id, seq)
    where erased.seq is null
    or became.document is distinct from tombstone(was.document)
    or became.document_salt is not null
    or (became.account_id, became.version, became.change, became.not_before, became.observed_at, became.changed_fields,
        became.sweep_id, became.document_digest, became.hash_version, became.previous_hash, became.hash) is distinct from
      (was.account_id, was.version, was.change, was.not_before, was.observed_at, was.changed_fields,
        was.sweep_id, was.document_digest, was.hash_version, was.previous_hash, was.hash)
  ) then
    raise exception using errcode = 'CS004',
      message = 'could not update "account_history": it is append only',
      hint = 'Only `closesyncd erase` and `closesyncd prune` alter the history.';
  end if;
  return null;
end
$$;
comment on function history_refuse_update() is 'Trigger: a history row becomes its tombstone, with its erasure, and nothing else';

-- In one statement an organization's rows up to its newest anchor go, all but the newest one of each account alive there; and the
-- anchor says just that. Anchors and what is left are looked up by key, an organization at a time, however many others there are.
create function history_refuse_delete() returns trigger
  language plpgsql
  set search_path from current
  set enable_seqscan = off -- planned once, when the ledger is still empty
as $$
begin
  if exists (
    with anchored as (
      select touched.organization_id, anchor.*
      from (select distinct organization_id from was) as touched
      left join lateral (
        select seq as anchor_seq, hash as anchor_hash, carried_hash, dropped, answers_from
        from (
          select *
          from history_anchor
          where history_anchor.organization_id = touched.organization_id
          order by history_anchor.seq desc
          limit 1
        ) as newest
        where transaction_id = pg_current_xact_id()
      ) as anchor on true
    ), there_was as (
      select organization_id, account_id, seq, change, hash, observed_at, true as is_dropped
      from was
      union all
      select anchored.organization_id, kept.*, false
      from anchored
      cross join lateral (
        select account_id, seq, change, hash, observed_at
        from account_history
        where account_history.organization_id = anchored.organization_id
        and account_history.seq <= anchor_seq
        offset 0
      ) as kept
    ), judged as (
      select *, change = 'removed' or lead(seq) over (partition by organization_id, account_id order by seq) is not null as is_to_drop
      from there_was
    )
    select
    from anchored
    left join judged using (organization_id)
    group by organization_id, anchor_seq, anchor_hash, carried_hash, dropped, answers_from
    having not coalesce(
      max(seq) = anchor_seq
      and bool_and(is_dropped = is_to_drop)
      and count(*) filter (where is_dropped) = dropped
      and sha256(coalesce(string_agg(hash, ''::bytea order by seq) filter (where not is_dropped), '')) = carried_hash
      and bool_or(seq = anchor_seq and hash = anchor_hash and observed_at = answers_from), false)
  ) then
    raise exception using errcode = 'CS004',
      message = 'could not delete from "account_history": it is append only',
      hint = 'Only `closesyncd erase` and `closesyncd prune` alter the history.';
  end if;
  return null;
end
$$;
comment on function history_refuse_delete() is 'Trigger: history rows go with the anchor that drops them, as it says, and not otherwise';

create trigger append_only_update after update on account_history
  referencing old table as was new table as became
  for each statement execute function history_refuse_update();
create trigger append_only_delete after delete on account_history
  referencing old table as was
  for each statement execute function history_refuse_delete();
create trigger append_only_truncate before truncate on account_history
  for each statement execute function history_refuse();
create trigger append_only before update or delete or truncate on erasure
  for each statement execute function history_refuse();
create trigger append_only before update or delete or truncate on history_anchor
  for each statement execute function history_refuse();

-- Erases documents: of one account or of one user (the rows whose own document names him), in every organization or the given one; or
-- all of one organization's. What Close still has is refused: the next sweep would only bring it back. Returns one row per
-- organization that had something to erase.
create function erase_history(user_id text, account_id text, organization_id text, reason text)
  returns table (organization text, erased_from text, erasure_id bigint, accounts integer, documents integer, rejected integer)
  language plpgsql
  set search_path from current
as $$
#variable_conflict use_column
declare
  held record;
  target_accounts text[];
  target_seqs bigint[];
  target_tombstones bytea[];
  forgotten text[];
  alive text;
  last_erasure record;
begin
  if num_nonnulls(erase_history.user_id, erase_history.account_id) > 1
  or num_nonnulls(erase_history.user_id, erase_history.account_id, erase_history.organization_id) = 0 then
    raise exception using errcode = 'CS006', message = 'erase one user, one account or one organization at a time';
  end if;
  for held in
    select * from organization
    where erase_history.organization_id is null
    or organization.organization_id = erase_history.organization_id
    order by organization.organization_id
    for update
  loop
    with named as (
      select past.account_id, past.seq, past.document is not null and past.document_salt is not null as is_full
      from account_history as past
      where past.organization_id = held.organization_id
      and (erase_history.account_id is null or past.account_id = erase_history.account_id)
      and (erase_history.user_id is null or json_text(past.document -> 'user_id') = erase_history.user_id)
    )
    select array_agg(distinct named.account_id) filter (where is_full), array_agg(named.seq order by named.seq) filter (where is_full),
      -- Still at Close: the newest row is one of these, and says no removal.
      min(named.account_id) filter (where named.seq = newest.seq and newest.change <> 'removed')
    into target_accounts, target_seqs, alive
    from named
    cross join lateral (
      select past.seq, past.change
      from account_history as past
      where past.organization_id = held.organization_id
      and past.account_id = named.account_id
      order by past.version desc
      limit 1
    ) as newest;
    if alive is not null then
      raise exception using errcode = 'CS006',
        message = format('the account "%s" of organization "%s" is still at Close: disconnect it there, let a sweep see it gone, then erase',
          alive, held.name);
    end if;
    delete from rejected_account
    where rejected_account.organization_id = held.organization_id
    and (erase_history.account_id is null or rejected_account.account_id = erase_history.account_id)
    and (erase_history.user_id is null or json_text(rejected_account.document -> 'user_id') = erase_history.user_id);
    get diagnostics rejected = row_count;
    with gone as (
      delete from pruned_account
      where pruned_account.organization_id = held.organization_id
      and erase_history.user_id is null
      and (erase_history.account_id is null or pruned_account.account_id = erase_history.account_id)
      returning pruned_account.account_id
    )
    select array_agg(gone.account_id) into forgotten
    from gone;
    if target_seqs is null and forgotten is null and rejected = 0 then
      continue;
    end if;
    erasure_id := null;
    if target_seqs is not null then
      select erasure.erasure_id, erasure.hash into last_erasure
      from erasure
      where erasure.organization_id = held.organization_id
      order by erasure.erasure_id desc
      limit 1;
      erasure_id := coalesce(last_erasure.erasure_id, 0) + 1;
      select array_agg(tombstone_digest(tombstone(past.document)) order by past.seq) into target_tombstones
      from account_history as past
      where past.organization_id = held.organization_id
      and past.seq = any (target_seqs);
      insert into erasure (organization_id, erasure_id, erased_at, erased_by, reason, account_ids, seqs, tombstones, previous_hash, hash)
      select
        held.organization_id, erase_history.erasure_id, at.now, session_user, erase_history.reason, target_accounts, target_seqs,
        target_tombstones, at.previous_hash,
        sha256(at.previous_hash || convert_to(erasure_link(
          held.organization_id, erase_history.erasure_id, at.now, session_user, erase_history.reason, target_accounts, target_seqs,
          target_tombstones), 'UTF8'))
      from (
        select clock_timestamp() as now, coalesce(last_erasure.hash, decode(repeat('00', 32), 'hex')) as previous_hash
        offset 0
      ) as at;
      update account_history
      set document = tombstone(document),
        document_salt = null
      where account_history.organization_id = held.organization_id
      and account_history.seq = any (target_seqs);
      update organization
      set revision = revision + 1
      where organization.organization_id = held.organization_id;
    end if;
    organization := held.name;
    erased_from := held.organization_id;
    accounts := (select count(distinct named) from unnest(target_accounts || forgotten) as named);
    documents := coalesce(cardinality(target_seqs), 0);
    return next;
  end loop;
end
$$;
comment on function erase_history(text, text, text, text) is 'Replaces the documents of an account, a user or an organization by tombstones, with a row in erasure; for the owner';
revoke execute on function erase_history(text, text, text, text) from public;

-- Drops what is older than the retention, but for the newest row of each account alive at that time, so that time travel answers
-- for all of the retention. Of an account without a row left, the version is kept. Of one organization, or of all. Returns one row
-- per organization that had something to drop.
create function prune_history(retention interval, organization_id text default null)
  returns table (organization text, pruned_from text, seq bigint, dropped bigint, carried bigint, answers_from timestamptz)
  language plpgsql
  set search_path from current
  set enable_seqscan = off -- planned once, when the ledger is still empty
as $$
#variable_conflict use_column
declare
  held record;
  last_row record;
  carried_seqs bigint[];
  carried_digest bytea;
begin
  for held in
    select * from organization
    where organization.organization_id = any (
      case
        when prune_history.organization_id is null then (select array_agg(one.organization_id) from organization as one)
        else array[prune_history.organization_id]
      end)
    order by organization.organization_id
    for update
  loop
    select past.seq, past.hash, past.observed_at into last_row
    from account_history as past
    where past.organization_id = held.organization_id
    and past.observed_at <= clock_timestamp() - prune_history.retention
    order by past.seq desc
    limit 1;
    continue when last_row.seq is null
      or last_row.seq <= (select max(anchor.seq) from history_anchor as anchor where anchor.organization_id = held.organization_id);
    select
      array_agg(past.seq), sha256(coalesce(string_agg(past.hash, ''::bytea order by past.seq), '')), count(*)
    into carried_seqs, carried_digest, carried
    from (
      select max(old.seq) as seq
      from account_history as old
      where old.organization_id = held.organization_id
      and old.seq <= last_row.seq
      group by old.account_id
    ) as newest
    join account_history as past on past.organization_id = held.organization_id and past.seq = newest.seq
    where past.change <> 'removed';
    select count(*) - carried
    into dropped
    from account_history as past
    where past.organization_id = held.organization_id
    and past.seq <= last_row.seq;
    if dropped > 0 then
      insert into history_anchor (organization_id, seq, hash, carried_hash, dropped, anchored_at, answers_from)
      values (
        held.organization_id, last_row.seq, last_row.hash, carried_digest, prune_history.dropped, clock_timestamp(), last_row.observed_at);
      delete from pruned_account
      where pruned_account.organization_id = held.organization_id
      and exists (
        select
        from account_history as past
        where past.organization_id = pruned_account.organization_id
        and past.account_id = pruned_account.account_id
        and past.seq <= last_row.seq);
      insert into pruned_account (organization_id, account_id, version)
      select held.organization_id, past.account_id, max(past.version)
      from account_history as past
      where past.organization_id = held.organization_id
      group by past.account_id
      having max(past.seq) <= last_row.seq
      and max(past.seq) = max(past.seq) filter (where past.change = 'removed');
      delete from account_history as past
      where past.organization_id = held.organization_id
      and past.seq <= last_row.seq
      and not exists (select from unnest(carried_seqs) as kept (seq) where kept.seq = past.seq);
      update organization
      set revision = revision + 1
      where organization.organization_id = held.organization_id;
      organization := held.name;
      pruned_from := held.organization_id;
      seq := last_row.seq;
      answers_from := last_row.observed_at;
      return next;
    end if;
  end loop;
end
$$;
comment on function prune_history(interval, text) is 'Drops history rows older than the retention, with a row in history_anchor; for the owner';
revoke execute on function prune_history(interval, text) from public;
