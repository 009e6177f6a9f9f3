-- How far each organization's history goes, for `history`: what is told ends there, and what is followed begins behind it.
--
-- -> organization_id text, seq bigint
select organization.organization_id, newest.seq
from organization
cross join lateral (
  select account_history.seq
  from account_history
  where account_history.organization_id = organization.organization_id
  order by account_history.seq desc
  limit 1
) as newest;
