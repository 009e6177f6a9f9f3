-- Whose the organizations are that are known or asked for, where a fleet shares them.
--
-- $1 names text[] -> name text, member text
select named.name, daemon.member
from (
  select name
  from organization
  union
  select name
  from unnest($1::text[]) as name
) as named
join fleet_slot as slot on slot.slot = (hashtextextended(named.name, 0) & 255)::integer
join fleet_daemon as daemon on daemon.daemon_id = slot.holder
where slot.expires_at between now() and now() + interval '1 h';
