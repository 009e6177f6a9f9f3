-- Who shares the organizations now, and how many slots each has. Rows come in the order of their members.
--
-- -> daemon_id text, member text, configuration text (its digest), slots bigint
select
  daemon.daemon_id::text as daemon_id,
  daemon.member,
  daemon.configuration_digest::text as configuration,
  (select count(*)
    from fleet_slot as slot
    where slot.holder = daemon.daemon_id
    and slot.expires_at > now()) as slots
from fleet_daemon as daemon
where daemon.expires_at between now() and now() + interval '1 h'
order by daemon.member collate "C", daemon.daemon_id;
