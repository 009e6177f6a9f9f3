-- The proof that the history is the one that was written: its rows, its anchor, the ledger of its erasures, its generated columns, each
-- by a function of its own. No row: proven. A tail cut off, or a chain made anew by an owner, only an older head can show (85_head).

-- Above the anchor every row has its predecessor; a carried row has none, and is held by the anchor's carried_hash instead.
create or replace function history_row(organization_id text)
  returns table (
    organization_id text, seq bigint, account_id text, version integer, change text, not_before timestamptz, observed_at timestamptz,
    document jsonb, changed_fields text[], sweep_id bigint, document_salt bytea, document_digest bytea, hash_version smallint,
    previous_hash bytea, hash bytea,
    seq_before bigint, hash_before bytea, observed_before timestamptz, version_before integer, change_before text, seq_after bigint,
    anchor_seq bigint, anchor_hash bytea, is_carried boolean, version_pruned integer, is_erased boolean, tombstone bytea)
  language sql stable parallel safe
begin atomic
  select
    past.organization_id, past.seq, past.account_id, past.version, past.change, past.not_before, past.observed_at,
    past.document, past.changed_fields, past.sweep_id, past.document_salt, past.document_digest, past.hash_version,
    past.previous_hash, past.hash,
    past.seq_before, past.hash_before, past.observed_before, past.version_before, past.change_before, past.seq_after,
    past.anchor_seq, past.anchor_hash, past.seq <= past.anchor_seq, past.version_pruned, erased.seq is not null, erased.tombstone
  from (
    select
      held.*,
      lag(held.seq) over in_order as seq_before,
      lag(held.hash) over in_order as hash_before,
      lag(held.observed_at) over in_order as observed_before,
      lag(held.version) over of_account as version_before,
      lag(held.change) over of_account as change_before,
      lead(held.seq) over of_account as seq_after,
      coalesce(anchor.seq, 0) as anchor_seq,
      coalesce(anchor.hash, decode(repeat('00', 32), 'hex')) as anchor_hash,
      case when anchor.seq is null then 0 else pruned_account.version end as version_pruned
    from account_history as held
    left join newest_anchor(history_row.organization_id) as anchor on true
    left join pruned_account on pruned_account.organization_id = held.organization_id and pruned_account.account_id = held.account_id
    where held.organization_id = history_row.organization_id
    window in_order as (order by held.seq), of_account as (partition by held.account_id order by held.seq)
  ) as past
  left join (
    select distinct unnest(erasure.seqs) as seq, unnest(erasure.tombstones) as tombstone
    from erasure
    where erasure.organization_id = history_row.organization_id
  ) as erased on erased.seq = past.seq;
end;
comment on function history_row(text) is 'The rows of an organization''s history, each with what stands before and after it, its anchor and its erasure';

-- Of each bad row the first thing that is wrong. That each hash is right and each previous_hash the hash before is the chain, re-computed.
create or replace function verify_row(organization_id text)
  returns table (seq bigint, account_id text, problem text)
  language sql stable parallel safe
begin atomic
  select seq, account_id, coalesce(of_place, of_chain, of_document, of_tombstone, of_version, of_time)
  from history_row(verify_row.organization_id) as past
  cross join lateral (
    select
      case
        when seq < 1
        then 'the history begins at seq 1'
        when is_carried and (change = 'removed' or seq_after <= anchor_seq)
        then 'a row that pruning drops is still there'
        when not is_carried and seq <> greatest(seq_before, anchor_seq) + 1
        then format('the row before it is gone: seq %s follows %s', seq, greatest(seq_before, anchor_seq))
      end as of_place,
      case
        when seq = anchor_seq and hash <> anchor_hash
        then 'hash is not the one that the anchor names'
        when hash_version <> 1
        then format('hash_version %s is unknown', hash_version)
        when not is_carried and previous_hash <> case when seq_before > anchor_seq then hash_before else anchor_hash end
        then 'previous_hash is not the hash of the row before it'
        when hash <> history_hash(null, previous_hash, history_link(
          past.organization_id, seq, account_id, version, change, not_before, observed_at, changed_fields, sweep_id, document_digest))
        then 'hash does not fit the row'
      end as of_chain,
      case
        when change = 'removed' and num_nonnulls(document, document_digest) > 0
        then 'a removed account has a document'
        when change <> 'removed' and (document is null or document_digest is null)
        then 'the document is missing'
        when change not in ('added', 'changed', 'removed', 'rescoped')
        then format('"%s" is no change', change)
        when document_salt is not null and document_digest <> document_digest(document_salt, document)
        then 'document_digest does not fit the document'
      end as of_document,
      case
        when change <> 'removed' and document_salt is null and not is_erased
        then 'a tombstone without its erasure'
        when change = 'removed' and document_salt is null or octet_length(document_salt) <> 32
        then 'document_salt is not 32 bytes'
        when document_salt is null and document <> tombstone(document)
        then 'an erased row holds more than a tombstone'
        when document_salt is null and change <> 'removed' and tombstone is distinct from tombstone_digest(document)
        then 'the tombstone is not the one that its erasure left'
        when document_salt is not null and is_erased
        then 'an erased document is back'
      end as of_tombstone,
      case
        when not is_carried and version <> coalesce(version_before::bigint, version_pruned, version - 1::bigint) + 1
        then format('version %s follows %s', version, coalesce(version_before, version_pruned))
        when version_before is not null and (change = 'added') <> (change_before = 'removed')
          or version_before is null and change <> 'added' and not is_carried
        then format('"%s" follows "%s"', change, coalesce(change_before, 'nothing'))
      end as of_version,
      case
        when not_before > observed_at
        then 'not_before is after observed_at'
        when observed_at < observed_before
        then 'observed_at goes back'
      end as of_time
  ) as judged
  where coalesce(of_place, of_chain, of_document, of_tombstone, of_version, of_time) is not null;
end;
comment on function verify_row(text) is 'The bad rows of an organization''s history, each with the first thing that is wrong';

-- The rows that pruning kept, how many it dropped, and the time it answers from: against what the anchors say.
create or replace function verify_anchor(organization_id text)
  returns table (seq bigint, problem text)
  language sql stable parallel safe
begin atomic
  select anchor.seq, judged.problem
  from newest_anchor(verify_anchor.organization_id) as anchor
  cross join lateral (
    select
      count(*) as present,
      sha256(coalesce(string_agg(past.hash, ''::bytea order by past.seq), '')) as hash,
      max(past.observed_at) as observed_at
    from account_history as past
    where past.organization_id = verify_anchor.organization_id
    and past.seq <= anchor.seq
  ) as carried
  cross join lateral (
    select sum(every.dropped) as dropped
    from history_anchor as every
    where every.organization_id = verify_anchor.organization_id
  ) as total
  cross join lateral (
    values
      (
        carried.hash <> anchor.carried_hash,
        'the carried rows are not those the anchor names'
      ), (
        anchor.seq - carried.present <> total.dropped,
        format('of the rows up to the anchor %s were dropped, its ledger says %s', anchor.seq - carried.present, total.dropped)
      ), (
        anchor.answers_from < carried.observed_at or anchor.answers_from > (
          select past.observed_at
          from account_history as past
          where past.organization_id = verify_anchor.organization_id
          and past.seq > anchor.seq
          order by past.seq
          limit 1),
        format('the anchor answers from %s, which is not between the rows up to it and those after', utc_text(anchor.answers_from))
      )
  ) as judged (is_bad, problem)
  where judged.is_bad;
end;
comment on function verify_anchor(text) is 'What is wrong with the newest anchor of an organization''s history';

create or replace function verify_erasure(organization_id text)
  returns table (problem text)
  language sql stable parallel safe
begin atomic
  select format('erasure %s does not fit its chain', chained.erasure_id)
  from (
    select
      erasure.*,
      lag(erasure.erasure_id, 1, 0::bigint) over in_order as id_before,
      lag(erasure.hash, 1, decode(repeat('00', 32), 'hex')) over in_order as hash_before
    from erasure
    where erasure.organization_id = verify_erasure.organization_id
    window in_order as (order by erasure.erasure_id)
  ) as chained
  where chained.erasure_id <> id_before + 1
  or chained.previous_hash <> hash_before
  or chained.hash <> history_hash(null, chained.previous_hash, erasure_link(
    chained.organization_id, chained.erasure_id, chained.erased_at, chained.erased_by, chained.reason, chained.account_ids, chained.seqs,
    chained.tombstones));
end;
comment on function verify_erasure(text) is 'The erasures of an organization that do not fit the chain of their ledger';

create or replace function verify_generated()
  returns table (problem text)
  language sql stable parallel safe
begin atomic
  select format('column "%s" of account_history is no longer generated from the document', attname)
  from pg_attribute
  where attrelid = 'account_history'::regclass
  and attname in ('send_status', 'receive_status', 'email_receive_status', 'calendar_receive_status', 'type', 'other')
  and attgenerated <> 's';
end;
comment on function verify_generated() is 'The columns of account_history that anybody could have written';

create or replace function verify_history(organization_id text)
  returns table (seq bigint, account_id text, problem text)
  language sql stable parallel safe
  set jit = off -- compiling would take longer than running
begin atomic
  select seq, account_id, problem from verify_row(verify_history.organization_id)
  union all
  select seq, null, problem from verify_anchor(verify_history.organization_id)
  union all
  select null, null, problem from verify_generated()
  union all
  select null, null, problem from verify_erasure(verify_history.organization_id)
  order by 1 nulls last;
end;
comment on function verify_history(text) is 'What is wrong with an organization''s history, the first bad seq first; no row: the chain, seq, versions, intervals, digests, erasures and anchor hold';
