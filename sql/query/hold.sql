-- Takes the organization's row until the transaction ends, first of all: what the statements behind it read is then the newest, and
-- stays so. A condition in a statement that has to wait for the row itself would be judged before the wait.
--
-- $1 organization_id text -> organization_id text; no row: it is not bound
select organization_id
from organization
where organization_id = $1::text
for no key update;
