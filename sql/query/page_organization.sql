-- For the page of an organization that another daemon of the fleet holds: which one it is.
--
-- $1 name text -> organization_id text
select organization.organization_id
from organization
where organization.name = $1;
