-- How an organization fares that another daemon sweeps, for /readyz. No row: it was never reached.
--
-- $1 name text -> is_late boolean, age bigint (seconds since it was last swept; NULL: never), error text
select
  coalesce(
    clock_timestamp() - last_swept_at > 3 * sweep_interval + 2 * coalesce(flush_interval, interval '0'),
    last_swept_at is null) as is_late,
  extract(epoch from clock_timestamp() - last_swept_at)::bigint as age,
  last_error as error
from organization
where name = $1::text;
