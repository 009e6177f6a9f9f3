-- The triggers' functions. The history is append only: privileges refuse everybody but the owner, triggers refuse the owner too. What must
-- leave it nevertheless (erasure, retention) leaves a ledger row in the same transaction, and the history alters only as far as that row says.

create or replace function history_refuse() returns trigger
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

-- Each row is the one after the newest, or after the anchor when pruning has dropped that, and no account has more versions than its
-- organization has rows. Nothing could follow a row with the last of all numbers, and nobody could delete it.
create or replace function history_refuse_insert() returns trigger
  language plpgsql
  set search_path from current
as $$
begin
  if exists (
    select
    from (
      select organization_id, min(seq) as first_seq, max(seq) as last_seq, count(*) as rows, bool_and(version between 1 and seq) as fits
      from became
      group by organization_id
    ) as written
    left join lateral (
      select past.seq
      from account_history as past
      where past.organization_id = written.organization_id
      and past.seq < written.first_seq
      order by past.seq desc
      limit 1
    ) as newest on true
    left join lateral (
      select anchor.seq
      from history_anchor as anchor
      where anchor.organization_id = written.organization_id
      order by anchor.seq desc
      limit 1
    ) as anchor on true
    where first_seq <> coalesce(greatest(newest.seq, anchor.seq), 0) + 1
    or last_seq - first_seq <> rows - 1
    or not fits
  ) then
    raise exception using errcode = 'CS004',
      message = 'could not insert into "account_history": seq is not the one after the newest row''s, or version is above seq';
  end if;
  return null;
end
$$;
comment on function history_refuse_insert() is 'Trigger: rows follow the newest row without a gap; no version is above its seq';

-- After the statement, for all its rows at once: a trigger for each row would search the ledger's arrays row by row.
create or replace function history_refuse_update() returns trigger
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
create or replace function history_refuse_delete() returns trigger
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
