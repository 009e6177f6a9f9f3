-- Which slot an organization is in, by its NAME.
--
-- $1 names text[] -> name text, slot integer
select name, (hashtextextended(name, 0) & 255)::integer as slot
from unnest($1::text[]) as name;
