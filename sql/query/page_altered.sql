-- For the page of an organization: who altered its history and when, the newest first, of each kind at most 20.
--
-- $1 organization_id text -> kind text (erasure, pruning), at bigint (seconds since 1970), altered_by text, reason text, accounts bigint, rows
-- bigint
(
  select
    'erasure' as kind,
    extract(epoch from erasure.erased_at)::bigint as at,
    erasure.erased_by as altered_by,
    left(erasure.reason, 500) as reason,
    cardinality(erasure.account_ids)::bigint as accounts,
    cardinality(erasure.seqs)::bigint as rows
  from erasure
  where erasure.organization_id = $1
  order by erasure.erasure_id desc
  limit 20
)
union all
(
  select 'pruning', extract(epoch from history_anchor.anchored_at)::bigint, null, null, null, history_anchor.dropped
  from history_anchor
  where history_anchor.organization_id = $1
  order by history_anchor.seq desc
  limit 20
)
order by at desc;
