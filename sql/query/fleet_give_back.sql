-- A daemon gives slots back that it has drained; anybody may take them.
--
-- $1 daemon_id uuid, $2 slots integer[]
update fleet_slot
set holder = null,
  expires_at = null
where holder = $1::uuid
and slot = any ($2::integer[]);
