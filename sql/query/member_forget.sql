-- sync.members = no: nobody is kept.
--
-- $1 organization_id text
delete from member
where organization_id = $1::text;
