-- The only two ways to alter the history. Each leaves a ledger row in the same transaction; both are for the owner.

-- Makes the documents of these rows tombstones, with the row in the ledger that the trigger asks for. NULL: of no rows, hence no erasure.
create or replace function write_erasure(organization_id text, reason text, account_ids text[], seqs bigint[]) returns bigint
  language plpgsql
  set search_path from current
as $$
#variable_conflict use_column
declare
  written erasure;
begin
  if write_erasure.seqs is null then
    return null;
  end if;
  select * into written
  from erasure
  where erasure.organization_id = write_erasure.organization_id
  order by erasure.erasure_id desc
  limit 1;
  written.erasure_id := coalesce(written.erasure_id, 0) + 1;
  written.previous_hash := coalesce(written.hash, decode(repeat('00', 32), 'hex'));
  written.erased_at := clock_timestamp();
  select array_agg(tombstone_digest(tombstone(past.document)) order by past.seq)
  into written.tombstones
  from account_history as past
  where past.organization_id = write_erasure.organization_id
  and past.seq = any (write_erasure.seqs);
  insert into erasure (organization_id, erasure_id, erased_at, erased_by, reason, account_ids, seqs, tombstones, previous_hash, hash)
  values (
    write_erasure.organization_id, written.erasure_id, written.erased_at, session_user, write_erasure.reason, write_erasure.account_ids,
    write_erasure.seqs, written.tombstones, written.previous_hash,
    history_hash(null, written.previous_hash, erasure_link(
      write_erasure.organization_id, written.erasure_id, written.erased_at, session_user, write_erasure.reason, write_erasure.account_ids,
      write_erasure.seqs, written.tombstones)));
  update account_history
  set document = tombstone(document),
    document_salt = null
  where account_history.organization_id = write_erasure.organization_id
  and account_history.seq = any (write_erasure.seqs);
  update organization
  set revision = revision + 1,
    revision_id = gen_random_uuid()
  where organization.organization_id = write_erasure.organization_id;
  return written.erasure_id;
end
$$;
comment on function write_erasure(text, text, text[], bigint[]) is 'Part of erase_history: erases the documents of these rows and writes the ledger';

-- Erases documents: of one account or of one user (the rows whose own document names him), in every organization or the given one; or
-- all of one organization's. What Close still has is refused: the next sweep would only bring it back. Returns one row per
-- organization that had something to erase.
create or replace function erase_history(user_id text, account_id text, organization_id text, reason text)
  returns table (organization text, erased_from text, erasure_id bigint, accounts integer, documents integer, rejected integer)
  language plpgsql
  set search_path from current
as $$
#variable_conflict use_column
declare
  held record;
  target_accounts text[];
  target_seqs bigint[];
  forgotten text[];
  alive text;
  people bigint;
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
    if exists (
      select
      from member
      where member.organization_id = held.organization_id
      and member.user_id = erase_history.user_id
      and member.is_active)
    then
      raise exception using errcode = 'CS006',
        message = format('the user "%s" is an active member of organization "%s": deactivate the user in Close, let a sweep see it, then erase',
          erase_history.user_id, held.name);
    end if;
    -- A whole organization takes its people along.
    update member
    set email = null,
      full_name = null,
      erased_at = clock_timestamp(),
      changed_at = clock_timestamp()
    where member.organization_id = held.organization_id
    and (member.user_id = erase_history.user_id or num_nonnulls(erase_history.user_id, erase_history.account_id) = 0)
    and not coalesce(member.is_active, false)
    and member.erased_at is null;
    get diagnostics people = row_count;
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
    if target_seqs is null and forgotten is null and rejected = 0 and people = 0 then
      continue;
    end if;
    erasure_id := write_erasure(held.organization_id, erase_history.reason, target_accounts, target_seqs);
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
create or replace function prune_history(retention interval, organization_id text default null)
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
      set revision = revision + 1,
        revision_id = gen_random_uuid()
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
