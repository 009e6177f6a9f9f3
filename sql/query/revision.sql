-- How often this organization's mirror or history was written so far; no row: it is not bound. A plan asks at its end: what it
-- read in several statements belongs together only when nobody wrote between.
--
-- $1 organization_id text -> revision bigint
select revision
from organization
where organization_id = $1::text;
