-- What a sweep would write down where no schema is (plan): every document is an addition. Asks no table.
--
-- $1 jsonb as in sync/10_load -> the columns of query/difference
select
  'added' as change,
  entry ->> 0 as account_id,
  entry -> 3 ->> '_type' as type,
  entry -> 3 ->> 'email' as email,
  null as field,
  null as before,
  null as after
from jsonb_array_elements($1::jsonb) as entry
order by (entry ->> 0) collate "C";
