-- A daemon leaves the fleet: all its slots are free, and it counts no more.
--
-- $1 daemon_id uuid
with slot as (
  update fleet_slot
  set holder = null,
    expires_at = null
  where holder = $1::uuid
)
delete from fleet_daemon
where daemon_id = $1;
