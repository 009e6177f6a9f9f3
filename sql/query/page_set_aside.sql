-- For the page of an organization: what could not be taken (rejected entries), and what closesyncd does not know (drift); of each at most 50.
--
-- $1 organization_id text -> kind text (rejected, drift), what text (an account's id, or a fingerprint's beginning; a field's path), why text,
-- first_seen_at bigint, last_seen_at bigint (seconds since 1970), total bigint (of its kind)
(
  select
    'rejected' as kind,
    coalesce(
      left(rejected_account.account_id, 200) || case when length(rejected_account.account_id) > 200 then '…' else '' end,
      left(rejected_account.fingerprint, 12)
    ) as what,
    left(rejected_account.reason, 300) || case when length(rejected_account.reason) > 300 then '…' else '' end as why,
    extract(epoch from rejected_account.first_seen_at)::bigint as first_seen_at,
    extract(epoch from rejected_account.last_seen_at)::bigint as last_seen_at,
    count(*) over () as total
  from rejected_account
  where rejected_account.organization_id = $1
  order by rejected_account.first_seen_at desc, rejected_account.fingerprint
  limit 50
)
union all
(
  select
    'drift', left(field_drift.path, 300) || case when length(field_drift.path) > 300 then '…' else '' end, field_drift.json_type,
    extract(epoch from field_drift.first_seen_at)::bigint,
    extract(epoch from field_drift.last_seen_at)::bigint,
    count(*) over ()
  from field_drift
  where field_drift.organization_id = $1
  order by field_drift.first_seen_at desc, field_drift.path, field_drift.json_type
  limit 50
);
