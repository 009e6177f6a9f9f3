-- The proof that the history is the one that was written. No row: proven. A tail cut off, or a chain made anew by an owner, only an older
-- head can show (85_head).

-- Each row against the one before it. Above the anchor every row has its predecessor; a carried row has none, and is held by the
-- anchor's carried_hash instead. That each hash is right and each previous_hash the hash before is the chain, re-computed.
create or replace function verify_history(organization_id text)
  returns table (seq bigint, account_id text, problem text)
  language sql stable parallel safe
  set jit = off -- compiling would take longer than running
begin atomic
  with newest_anchor as (
    select anchor.*
    from history_anchor as anchor
    where anchor.organization_id = verify_history.organization_id
    order by anchor.seq desc
    limit 1
  ), erased as (
    select distinct unnest(erasure.seqs) as seq, unnest(erasure.tombstones) as tombstone
    from erasure
    where erasure.organization_id = verify_history.organization_id
  ), linked as (
    select
      past.*,
      coalesce(newest_anchor.seq, 0) as anchor_seq,
      past.seq <= coalesce(newest_anchor.seq, 0) as is_carried,
      lag(past.seq) over in_order as seq_before,
      lag(past.hash) over in_order as hash_before,
      lag(past.observed_at) over in_order as observed_before,
      coalesce(newest_anchor.hash, decode(repeat('00', 32), 'hex')) as anchor_hash,
      lag(past.version) over of_account as version_before,
      lag(past.change) over of_account as change_before,
      lead(past.seq) over of_account as seq_after,
      case when newest_anchor.seq is null then 0 else pruned_account.version end as version_pruned
    from account_history as past
    left join newest_anchor on true
    left join pruned_account on pruned_account.organization_id = past.organization_id and pruned_account.account_id = past.account_id
    where past.organization_id = verify_history.organization_id
    window in_order as (order by past.seq), of_account as (partition by past.account_id order by past.seq)
  ), judged as (
    select
      linked.seq, linked.account_id,
      case
        when linked.seq < 1 then 'the history begins at seq 1'
        when is_carried and (change = 'removed' or seq_after <= anchor_seq) then 'a row that pruning drops is still there'
        when not is_carried and linked.seq <> greatest(seq_before, anchor_seq) + 1
        then format('the row before it is gone: seq %s follows %s', linked.seq, greatest(seq_before, anchor_seq))
        when linked.seq = anchor_seq and hash <> anchor_hash then 'hash is not the one that the anchor names'
        when hash_version <> 1 then format('hash_version %s is unknown', hash_version)
        when not is_carried and previous_hash <> case when seq_before > anchor_seq then hash_before else anchor_hash end
        then 'previous_hash is not the hash of the row before it'
        when hash <> sha256(previous_hash || convert_to(history_link(
          linked.organization_id, linked.seq, linked.account_id, version, change, not_before, observed_at, changed_fields, sweep_id,
          document_digest), 'UTF8'))
        then 'hash does not fit the row'
        when change = 'removed' and num_nonnulls(document, document_digest) > 0 then 'a removed account has a document'
        when change <> 'removed' and (document is null or document_digest is null) then 'the document is missing'
        when change not in ('added', 'changed', 'removed', 'rescoped') then format('"%s" is no change', change)
        when document_salt is not null and document_digest <> document_digest(document_salt, document)
        then 'document_digest does not fit the document'
        when change <> 'removed' and document_salt is null and erased.seq is null then 'a tombstone without its erasure'
        when change = 'removed' and document_salt is null or octet_length(document_salt) <> 32 then 'document_salt is not 32 bytes'
        when document_salt is null and document <> tombstone(document) then 'an erased row holds more than a tombstone'
        when document_salt is null and change <> 'removed' and erased.tombstone is distinct from tombstone_digest(document)
        then 'the tombstone is not the one that its erasure left'
        when document_salt is not null and erased.seq is not null then 'an erased document is back'
        when not is_carried and version <> coalesce(version_before::bigint, version_pruned, version - 1::bigint) + 1
        then format('version %s follows %s', version, coalesce(version_before, version_pruned))
        when version_before is not null and (change = 'added') <> (change_before = 'removed')
          or version_before is null and change <> 'added' and not is_carried
        then format('"%s" follows "%s"', change, coalesce(change_before, 'nothing'))
        when not_before > observed_at then 'not_before is after observed_at'
        when observed_at < observed_before then 'observed_at goes back'
      end as problem
    from linked
    left join erased on erased.seq = linked.seq
  ), carried as (
    select
      count(*) as present,
      sha256(coalesce(string_agg(past.hash, ''::bytea order by past.seq), '')) as hash,
      max(past.observed_at) as observed_at
    from account_history as past
    join newest_anchor on past.seq <= newest_anchor.seq
    where past.organization_id = verify_history.organization_id
  ), chained as (
    select
      erasure.*,
      lag(erasure.erasure_id, 1, 0::bigint) over in_order as id_before,
      lag(erasure.hash, 1, decode(repeat('00', 32), 'hex')) over in_order as hash_before
    from erasure
    where erasure.organization_id = verify_history.organization_id
    window in_order as (order by erasure.erasure_id)
  )
  select judged.seq, judged.account_id, judged.problem
  from judged
  where judged.problem is not null
  union all
  select newest_anchor.seq, null, 'the carried rows are not those the anchor names'
  from newest_anchor
  cross join carried
  where carried.hash <> newest_anchor.carried_hash
  union all
  select newest_anchor.seq, null, format('of the rows up to the anchor %s were dropped, its ledger says %s',
    newest_anchor.seq - carried.present, total.dropped)
  from newest_anchor
  cross join carried
  cross join (
    select sum(anchor.dropped) as dropped
    from history_anchor as anchor
    where anchor.organization_id = verify_history.organization_id
  ) as total
  where newest_anchor.seq - carried.present <> total.dropped
  union all
  select newest_anchor.seq, null, format('the anchor answers from %s, which is not between the rows up to it and those after',
    to_char(newest_anchor.answers_from at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'))
  from newest_anchor
  cross join carried
  where newest_anchor.answers_from < carried.observed_at
  or newest_anchor.answers_from > (
    select past.observed_at
    from account_history as past
    where past.organization_id = verify_history.organization_id
    and past.seq > newest_anchor.seq
    order by past.seq
    limit 1)
  union all
  select null, null, format('column "%s" of account_history is no longer generated from the document', attname)
  from pg_attribute
  where attrelid = 'account_history'::regclass
  and attname in ('send_status', 'receive_status', 'email_receive_status', 'calendar_receive_status', 'type', 'other')
  and attgenerated <> 's'
  union all
  select null, null, format('erasure %s does not fit its chain', chained.erasure_id)
  from chained
  where chained.erasure_id <> id_before + 1
  or chained.previous_hash <> hash_before
  or chained.hash <> sha256(chained.previous_hash || convert_to(erasure_link(
    chained.organization_id, chained.erasure_id, chained.erased_at, chained.erased_by, chained.reason, chained.account_ids, chained.seqs,
    chained.tombstones), 'UTF8'))
  order by 1 nulls last;
end;
comment on function verify_history(text) is 'What is wrong with an organization''s history, the first bad seq first; no row: the chain, seq, versions, intervals, digests, erasures and anchor hold';
