-- extend_coverage: what complete sweeps come to, in whatever order they are written down, and as often as they are.
\ir prepare.psql
create procedure pg_temp.says(what text, wanted text) language plpgsql as $$
declare said text := (select string_agg(format('%s-%s %s %s/%s', to_char(from_at, 'HH24:MI:SS'), to_char(until_at, 'HH24:MI:SS'),
  sweeps, longest_gap, pending_gap), ', ' order by from_at) from coverage);
begin
  perform pg_temp.must(said = wanted, format('%s: %s', what, said));
end $$;
insert into organization (organization_id, name) values ('o', 'one');

-- The clock steps back: what could hide behind the sweep is told with it, and kept.
select extend_coverage('o', '3 min', '2026-01-01 10:00', '2026-01-01 10:00:01', '2026-01-01 12:00', 121, '61 s', '61 s');
select extend_coverage('o', '3 min', '2026-01-01 11:05', '2026-01-01 11:05:01', '2026-01-01 11:05', 1, '0', '58 min');
select extend_coverage('o', '3 min', '2026-01-01 11:05', '2026-01-01 11:05:01', '2026-01-01 11:05', 1, '0', '58 min');
call pg_temp.says('behind', '10:00:00-12:00:00 121 00:01:01/00:58:00');
select extend_coverage('o', '3 min', '2026-01-01 12:00:30', '2026-01-01 12:00:31', '2026-01-01 12:00:30', 1, '0', '0');
call pg_temp.says('and on', '10:00:00-12:00:30 122 00:58:00/00:00:31');
select pg_temp.must(unseen_at_most('o', '2026-01-01 11:10', '2026-01-01 11:50') = '40 min', 'nobody knows of these 40 minutes');
