-- Notes the fields and types of the incoming documents that nobody told us of. One already known is seen again when an
-- account that has it changed; query/flush keeps it current otherwise. Those too whose mirror row still waits, because only volatile fields
-- differ.
with drift as materialized (
  select context.organization_id, shape.path, shape.json_type, bool_or(standing.is_changed) as is_changed
  from sweep_context as context
  cross join standing
  cross join lateral other_drift(standing.other) as shape
  where other_drifts(standing.other)
  group by context.organization_id, shape.path, shape.json_type
), due as materialized (
  select drift.organization_id, drift.path, drift.json_type, context.started_at, known.path is null as is_new
  from drift
  cross join sweep_context as context
  left join field_drift as known
    on known.organization_id = drift.organization_id
    and known.path = drift.path
    and known.json_type = drift.json_type
  where known.path is null
  or drift.is_changed and known.last_seen_at < context.started_at
), inserted as (
  insert into field_drift (organization_id, path, json_type, first_seen_at, last_seen_at)
  select organization_id, path, json_type, started_at, started_at
  from due
  where is_new
  returning path
), updated as (
  update field_drift
  set last_seen_at = due.started_at
  from due
  where field_drift.organization_id = (select organization_id from sweep_context)
  and (field_drift.path, field_drift.json_type) = (due.path, due.json_type)
  and not due.is_new
  returning due.path
)
insert into written (what, added, changed, removed)
select 'field_drift', (select count(*) from inserted), (select count(*) from updated), 0
returning what, added, changed, removed;
