-- Which revision of this organization's mirror and history there is; no row: it is not bound. A plan asks at its end: what it
-- read in several statements belongs together only when nobody wrote between.
--
-- $1 organization_id text -> revision text (number:id)
select revision || ':' || revision_id as revision
from organization
where organization_id = $1::text;
