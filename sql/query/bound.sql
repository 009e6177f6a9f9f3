-- Which organization each NAME was bound to, with whose eyes.
--
-- -> name text, organization_id text, user_id text
select name, organization_id, user_id
from organization
order by name collate "C";
