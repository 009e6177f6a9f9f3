-- The migrations that were applied, in order, and the checksum of the functions and views that were applied last with them; NULL where
-- none were. Ask query/schema_state first whether the table is there. to_jsonb: a table without that column has none.
--
-- -> version integer, name text, checksum text, functions_checksum text
select version, name, checksum, to_jsonb(migration) ->> 'functions_checksum' as functions_checksum
from migration
order by version;
