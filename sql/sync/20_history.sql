-- Writes down what changed: a history row for each incoming account that is new, back again, or whose document differs
-- from its newest one outside the volatile fields; chained in the order of account_id. The document decides, not the digest.
-- Where the newest document was taken under another sync.exclude_fields, and the two differ in what is asked for under one of these alone, a
-- row 'rescoped' comes first: the old document in the new scope, which the incoming one is then compared with.
-- Tells the steps that follow where each account stands (of a stay whose first row was pruned, account remembers the
-- beginning, unless it says one after the oldest row that is left; likewise when it changed last, where only a rescoped row is left).
with newest as materialized (
  select
    context.organization_id, context.observed_at, incoming.account_id, incoming.document,
    coalesce(
      past.version,
      (
        select pruned_account.version
        from pruned_account
        where pruned_account.organization_id = context.organization_id
        and pruned_account.account_id = incoming.account_id
        and not context.is_first),
      0) as version,
    coalesce(past.change, 'removed') <> 'removed' as is_alive,
    past.document as document_before, past.other as other_before,
    past.observed_at as newest_at, past.change as newest_change,
    past.sweep_id is not distinct from context.sweep_id as is_written,
    past.change is distinct from 'added' as has_older,
    account_digest.seen_at,
    scope.document as rescoped_document,
    case when scope.document <> past.document then changed_fields(past.document, scope.document, '{}') end as rescoped_fields,
    case
      when coalesce(past.change, 'removed') = 'removed' then '{}'
      when coalesce(scope.document, past.document) = incoming.document then null
      else nullif(changed_fields(coalesce(scope.document, past.document), incoming.document, context.volatile_fields), '{}')
    end as changed_fields
  from sweep_context as context
  join organization on organization.organization_id = context.organization_id
  cross join incoming
  left join lateral (
    select version, change, document, other, observed_at, sweep_id
    from account_history
    where organization_id = context.organization_id
    and account_id = incoming.account_id
    and not context.is_first
    order by version desc
    limit 1
  ) as past on true
  left join lateral (
    select seen_at, excluded_fields
    from account_digest
    where organization_id = context.organization_id
    and account_id = incoming.account_id
    and not context.is_first
    offset 0
  ) as account_digest on true
  left join lateral (
    select rescoped_document(past.document, incoming.document, taken.excluded_fields, context.excluded_fields) as document
    from (select coalesce(account_digest.excluded_fields, organization.excluded_fields) as excluded_fields offset 0) as taken
    where taken.excluded_fields <> context.excluded_fields
    and past.change <> 'removed'
    offset 0
  ) as scope on true
), secret as materialized (
  select uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()) as value
), change as (
  select
    newest.account_id, step.number, step.document, newest.version + step.number as version, step.change,
    case
      when not is_alive and exists (
        select
        from rejected_account as rejected
        where rejected.organization_id = context.organization_id
        and not context.is_first
        and coalesce(rejected.account_id = newest.account_id, true))
      then null -- it was there, and could not be read
      when not is_alive and context.complete_at is not null then context.complete_at
      when is_alive and newest.changed_fields && (
        select organization.volatile_fields
        from organization
        where organization.organization_id = context.organization_id)
      then stood_since(context.organization_id, newest.account_id, context.started_at) -- nobody looked while it was volatile
      when is_alive and newest.seen_at is null and context.listed_at is not null then context.listed_at
      when is_alive and isfinite(newest.seen_at) and newest.seen_at < context.started_at then newest.seen_at
      when context.is_lost or newest.seen_at is not null
      then stood_since(context.organization_id, newest.account_id, context.started_at)
    end as not_before,
    context.observed_at, context.organization_id, context.sweep_id, step.changed_fields,
    coalesce(head.seq, 0) + row_number() over (order by newest.account_id collate "C", step.number) as seq,
    head.hash as head
  from newest
  cross join sweep_context as context
  cross join lateral (
    values
      (1, 'rescoped', rescoped_document, rescoped_fields),
      (
        case when rescoped_fields is null then 1 else 2 end,
        case when is_alive then 'changed' else 'added' end,
        newest.document,
        newest.changed_fields
      )
  ) as step (number, change, document, changed_fields)
  left join lateral history_head(context.organization_id) as head on true
  where step.changed_fields is not null
), sealed as (
  select *, document_digest(salt, document) as digest
  from (
    select change.*, sha256(secret.value || int8send(seq)) as salt
    from change, secret
    offset 0
  ) as salted
  offset 0
), chained as (
  select *, history_chain(head, link) over in_order as hash
  from (
    select *, history_link(
      organization_id, seq, account_id, version, change, not_before, observed_at, changed_fields, sweep_id, digest) as link
    from sealed
    offset 0
  ) as linked
  window in_order as (order by account_id collate "C", number rows unbounded preceding)
), history as (
  insert into account_history (
    organization_id, seq, account_id, version, change, not_before, observed_at, document, changed_fields, sweep_id,
    document_salt, document_digest, hash_version, previous_hash, hash)
  select
    organization_id, seq, account_id, version, change, not_before, observed_at, document, changed_fields, sweep_id,
    salt, digest, 1, lag(hash, 1, coalesce(head, decode(repeat('00', 32), 'hex'))) over (order by account_id collate "C", number), hash
  from chained
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
    newest.changed_fields is not null or newest.rescoped_fields is not null or newest.is_written,
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
        least(
          (select held.first_seen_at from account as held where held.organization_id = newest.organization_id and held.account_id = newest.account_id),
          oldest_at(newest.organization_id, newest.account_id)))
      else newest.newest_at
    end,
    case
      when newest.changed_fields is not null then newest.observed_at
      when newest.newest_change <> 'rescoped' then newest.newest_at
      else stated_at(newest.organization_id, newest.account_id)
    end
  from newest
  left join history on history.account_id = newest.account_id and history.change <> 'rescoped'
  where not exists (select from standing as had where had.account_id = newest.account_id)
), rescoped as (
  insert into written (what, added, changed, removed)
  select 'rescoped', 0, count(*), 0
  from history
  where change = 'rescoped'
)
insert into written (what, added, changed, removed)
select 'account_history', count(*) filter (where change = 'added'), count(*) filter (where change = 'changed'), 0
from history
returning what, added, changed, removed;
