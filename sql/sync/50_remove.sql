-- Takes out accounts that Close has proven gone: a last history row, chained in the order of account_id, and no row of
-- theirs left in the mirror. Rows of an account that is not alive in the history are damage, and count as repaired.
--
-- $1 text[]: account_ids
with proven as materialized (
  select distinct account_id
  from unnest($1::text[]) as account_id
), gone as materialized (
  select
    context.organization_id, context.sweep_id, context.observed_at, proven.account_id,
    past.version + 1 as version,
    case
      when account_digest.seen_at is null and context.listed_at is not null then context.listed_at
      when isfinite(account_digest.seen_at) and account_digest.seen_at < context.started_at then account_digest.seen_at
      else stood_since(context.organization_id, proven.account_id, context.started_at)
    end as not_before,
    coalesce(head.seq, 0) + row_number() over (order by proven.account_id collate "C") as seq,
    head.hash as head,
    sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())) as salt
  from sweep_context as context
  cross join proven
  cross join lateral (
    select version, change
    from account_history
    where organization_id = context.organization_id
    and account_id = proven.account_id
    order by version desc
    limit 1
  ) as past
  left join account_digest
    on account_digest.organization_id = context.organization_id
    and account_digest.account_id = proven.account_id
  left join lateral history_head(context.organization_id) as head on true
  where past.change <> 'removed'
), chained as (
  select *, history_chain(head, link) over (order by seq rows unbounded preceding) as hash
  from (
    select *, history_link(
      organization_id, seq, account_id, version, 'removed', not_before, observed_at, '{}', sweep_id, null) as link
    from gone
  ) as linked
), history as (
  insert into account_history (
    organization_id, seq, account_id, version, change, not_before, observed_at, changed_fields, sweep_id,
    document_salt, hash_version, previous_hash, hash)
  select
    organization_id, seq, account_id, version, 'removed', not_before, observed_at, '{}', sweep_id,
    salt, 1, lag(hash, 1, head) over (order by seq), hash
  from chained
  order by seq
  returning account_id
), account_gone as (
  delete from account
  where organization_id = (select organization_id from sweep_context)
  and account_id = any (array(select account_id from proven))
  returning account_id
), identity_gone as (
  delete from account_identity
  where organization_id = (select organization_id from sweep_context)
  and account_id = any (array(select account_id from proven))
  returning account_id
), mail_server_gone as (
  delete from account_mail_server
  where organization_id = (select organization_id from sweep_context)
  and account_id = any (array(select account_id from proven))
  returning account_id
), calendar_gone as (
  delete from account_calendar
  where organization_id = (select organization_id from sweep_context)
  and account_id = any (array(select account_id from proven))
  returning account_id
), feature_gone as (
  delete from account_feature
  where organization_id = (select organization_id from sweep_context)
  and account_id = any (array(select account_id from proven))
  returning account_id
), digest_gone as (
  delete from account_digest
  where organization_id = (select organization_id from sweep_context)
  and account_id = any (array(select account_id from proven))
), strangers as (
  insert into written (what, account_id)
  select distinct 'repaired', account_id
  from (
    select account_id from account_gone
    union all
    select account_id from identity_gone
    union all
    select account_id from mail_server_gone
    union all
    select account_id from calendar_gone
    union all
    select account_id from feature_gone
  ) as deleted
  where not exists (select from gone where gone.account_id = deleted.account_id)
), noted as (
  insert into written (what, added, changed, removed)
  select 'account_history', 0, 0, count(*) from history
  union all
  select 'account', 0, 0, count(*) from account_gone
  union all
  select 'account_identity', 0, 0, count(*) from identity_gone
  union all
  select 'account_mail_server', 0, 0, count(*) from mail_server_gone
  union all
  select 'account_calendar', 0, 0, count(*) from calendar_gone
  union all
  select 'account_feature', 0, 0, count(*) from feature_gone
)
select 'account_history' as what, 0 as added, 0 as changed, count(*)::integer as removed
from history;
