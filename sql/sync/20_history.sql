-- Writes down what changed: a history row for each incoming account that is new, back again, or whose document differs
-- from its newest one outside the volatile fields; chained in the order of account_id. The document decides, not the digest.
-- Tells the steps that follow where each account stands (of a stay whose first row was pruned, account remembers the
-- beginning, unless it says one after the oldest row that is left).
with newest as materialized (
  select
    context.organization_id, context.observed_at, incoming.account_id, incoming.document,
    coalesce(
      past.version,
      (
        select pruned_account.version
        from pruned_account
        where pruned_account.organization_id = context.organization_id
        and pruned_account.account_id = incoming.account_id),
      0) as version,
    coalesce(past.change, 'removed') <> 'removed' as is_alive,
    past.document as document_before, past.other as other_before,
    past.observed_at as changed_at,
    past.sweep_id is not distinct from context.sweep_id as is_written,
    past.change is distinct from 'added' as has_older,
    case
      when coalesce(past.change, 'removed') = 'removed' then '{}'
      when past.document = incoming.document then null
      else nullif(changed_fields(past.document, incoming.document, context.volatile_fields), '{}')
    end as changed_fields
  from sweep_context as context
  cross join incoming
  left join lateral (
    select version, change, document, other, observed_at, sweep_id
    from account_history
    where organization_id = context.organization_id
    and account_id = incoming.account_id
    order by version desc
    limit 1
  ) as past on true
), change as materialized (
  select
    newest.account_id, newest.document, newest.version + 1 as version,
    case when is_alive then 'changed' else 'added' end as change,
    case
      when not is_alive and exists (
        select
        from rejected_account as rejected
        where rejected.organization_id = context.organization_id
        and coalesce(rejected.account_id = newest.account_id, true))
      then null -- it was there, and could not be read
      when not is_alive and context.complete_at is not null then context.complete_at
      when is_alive and newest.changed_fields && (
        select organization.volatile_fields
        from organization
        where organization.organization_id = context.organization_id)
      then stood_since(context.organization_id, newest.account_id, context.started_at) -- nobody looked while it was volatile
      when is_alive and account_digest.seen_at is null and context.listed_at is not null then context.listed_at
      when is_alive and isfinite(account_digest.seen_at) and account_digest.seen_at < context.started_at then account_digest.seen_at
      when context.is_lost or account_digest.seen_at is not null
      then stood_since(context.organization_id, newest.account_id, context.started_at)
    end as not_before,
    context.observed_at, context.organization_id, context.sweep_id, newest.changed_fields,
    coalesce(head.seq, 0) + row_number() over (order by newest.account_id collate "C") as seq,
    head.hash as head,
    sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())) as salt
  from newest
  cross join sweep_context as context
  left join lateral (
    select seen_at
    from account_digest
    where organization_id = context.organization_id
    and account_id = newest.account_id
    offset 0
  ) as account_digest on true
  left join lateral history_head(context.organization_id) as head on true
  where newest.changed_fields is not null
), sealed as materialized (
  select *, document_digest(salt, document) as digest
  from change
), chained as (
  select *, history_chain(head, link) over in_order as hash
  from (
    select *, history_link(
      organization_id, seq, account_id, version, change, not_before, observed_at, changed_fields, sweep_id, digest) as link
    from sealed
  ) as linked
  window in_order as (order by seq rows unbounded preceding)
), history as (
  insert into account_history (
    organization_id, seq, account_id, version, change, not_before, observed_at, document, changed_fields, sweep_id,
    document_salt, document_digest, hash_version, previous_hash, hash)
  select
    organization_id, seq, account_id, version, change, not_before, observed_at, document, changed_fields, sweep_id,
    salt, digest, 1, lag(hash, 1, coalesce(head, decode(repeat('00', 32), 'hex'))) over (order by seq), hash
  from chained
  order by seq
  returning account_id, change, other
), stood as (
  insert into standing (account_id, document, other, is_changed, first_seen_at, changed_at)
  select
    newest.account_id,
    newest.document,
    case
      when newest.changed_fields is not null then history.other
      when newest.document_before = newest.document then newest.other_before
      else other_of(newest.document)
    end,
    newest.changed_fields is not null or newest.is_written,
    case
      when not newest.is_alive then newest.observed_at
      when newest.has_older then coalesce(
        (
          select past.observed_at
          from account_history as past
          where past.organization_id = newest.organization_id
          and past.account_id = newest.account_id
          and past.change = 'added'
          order by past.version desc
          limit 1),
        (
          select least(account.first_seen_at, oldest.observed_at)
          from account_history as oldest
          left join account on account.organization_id = oldest.organization_id and account.account_id = oldest.account_id
          where oldest.organization_id = newest.organization_id
          and oldest.account_id = newest.account_id
          order by oldest.version
          limit 1))
      else newest.changed_at
    end,
    case when newest.changed_fields is null then newest.changed_at else newest.observed_at end
  from newest
  left join history using (account_id)
  where not exists (select from standing as had where had.account_id = newest.account_id)
)
insert into written (what, added, changed, removed)
select 'account_history', count(*) filter (where change = 'added'), count(*) filter (where change = 'changed'), 0
from history
returning what, added, changed, removed;
