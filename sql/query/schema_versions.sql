-- The migrations that were applied, in order. Ask query/schema_state first whether the table is there.
--
-- -> version integer, name text, checksum text, applied_at timestamptz
select version, name, checksum, applied_at
from migration
order by version;
