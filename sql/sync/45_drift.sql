-- Notes the fields and types of the incoming documents that nobody told us of. One already known is seen again when an
-- account that has it changed; query/flush keeps it current otherwise. 30_account has said which documents drift,
-- those too whose mirror row still waits, because only volatile fields differ.
with drift as materialized (
  select context.organization_id, shape.path, shape.json_type, bool_or(standing.is_changed) as is_changed
  from sweep_context as context
  cross join drifting
  join standing using (account_id)
  cross join lateral other_drift(standing.other) as shape
  group by context.organization_id, shape.path, shape.json_type
), upserted as (
  insert into field_drift (organization_id, path, json_type, first_seen_at, last_seen_at)
  select drift.organization_id, drift.path, drift.json_type, context.started_at, context.started_at
  from drift
  cross join sweep_context as context
  left join field_drift as known
    on known.organization_id = drift.organization_id
    and known.path = drift.path
    and known.json_type = drift.json_type
  where known.path is null
  or drift.is_changed and known.last_seen_at < context.started_at
  on conflict (organization_id, path, json_type) do update set last_seen_at = excluded.last_seen_at
  returning xmax = 0 as is_new
)
insert into written (what, added, changed, removed)
select 'field_drift', count(*) filter (where is_new), count(*) filter (where not is_new), 0
from upserted
returning what, added, changed, removed;
