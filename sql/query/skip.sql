-- Notes that a daemon skipped a turn of this organization, because another process had its lock. Waits for nobody: who keeps the row is
-- writing, and counts for more.
--
-- $1 name text -> skipped_turns integer; no row: not bound, or its row is held
update organization
set skipped_turns = skipped_turns + 1,
  skipped_at = clock_timestamp()
where organization_id = (
  select organization_id
  from organization
  where name = $1::text
  for no key update skip locked)
returning skipped_turns;
