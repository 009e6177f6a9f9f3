-- close_timestamp takes what close-api.md 5.4 says Close writes, and nothing else; against the calendar of PostgreSQL itself.
\ir prepare.psql
select pg_temp.must(close_timestamp(value) is not distinct from wanted::timestamptz, value)
from (values
  ('2022-11-08T12:13:40.319000+00:00', '2022-11-08 12:13:40.319+00'), ('2022-11-12T18:00:00+00:00', '2022-11-12 18:00+00'),
  ('2021-07-13T11:36:04.983404', '2021-07-13 11:36:04.983404+00'), ('2021-07-13T11:36:04Z', '2021-07-13 11:36:04+00'), ('2021-07-13', '2021-07-13 00:00+00'),
  ('2021-07-13T11:36:04+0530', '2021-07-13 06:06:04+00'), ('2021-07-13T11:36:04-05:30', '2021-07-13 17:06:04+00'), ('2021-07-13T11:36:04.1-15:59', '2021-07-14 03:35:04.1+00'),
  ('0001-01-01T00:00:00', '0001-01-01 00:00+00'), ('9999-12-31T23:59:59.999999', '9999-12-31 23:59:59.999999+00'), ('2024-02-29', '2024-02-29 00:00+00'),
  ('2000-02-29T23:59:59.123456789Z', '2000-02-29 23:59:59.123457+00'),
  ('2023-02-29', null), ('1900-02-29', null), ('2022-13-45T00:00:00', null), ('2022-04-31', null), ('0000-01-01', null), ('2022-00-10', null), ('2022-10-00', null),
  ('2021-07-13T24:00:00', null), ('2021-07-13T11:60:00', null), ('2021-07-13T23:59:60', null), ('2021-07-13T11:36:04+16:00', null), ('2021-07-13T11:36:04+05', null),
  ('2021-07-13T11:36:04.', null), ('2021-07-13T11:36:04.1234567890', null), ('2021-07-13T11:36', null), ('2021-07-13 11:36:04', null), ('2021-07-13t11:36:04z', null),
  ('infinity', null), ('-infinity', null), ('now', null), ('today', null), ('epoch', null), ('', null), (E'2021-07-13\n', null), (' 2021-07-13', null), ('２０２１-07-13', null),
  ('12021-07-13', null), ('2021-07-13Z', null), ('2021-07-13+00:00', null), ('0001-01-01T00:00:00 BC', null), (null, null)
) as v (value, wanted);

-- Every day of 400 years and every day there is not.
select pg_temp.must(bool_and(close_timestamp(format('%s-%s-%s', y, to_char(m, 'FM00'), to_char(d, 'FM00'))) is not distinct from
  case when d <= extract(day from make_date(y, m, 1) + interval '1 month - 1 day') then make_timestamp(y, m, d, 0, 0, 0) at time zone 'UTC' end), 'the calendar')
from generate_series(1800, 2199) as y, generate_series(1, 12) as m, generate_series(1, 31) as d;

-- The usual form takes a way of its own: the same days, and the same answer as the general one with any one character changed.
select pg_temp.must(bool_and(close_timestamp(format('%s-%s-%sT01:02:03.000004+00:00', y, to_char(m, 'FM00'), to_char(d, 'FM00'))) is not distinct from
  case when d <= extract(day from make_date(y, m, 1) + interval '1 month - 1 day') then make_timestamp(y, m, d, 1, 2, 3.000004) at time zone 'UTC' end), 'the calendar, as usual')
from generate_series(1800, 2199) as y, generate_series(1, 12) as m, generate_series(1, 31) as d;
select pg_temp.must(close_timestamp(overlay(usual || '+00:00' placing said from place)) is not distinct from close_timestamp(overlay(usual || 'Z' placing said from place)), usual || said || place)
from (values ('2022-11-08T12:13:40.319000'), ('2024-02-29T23:59:59.999999'), ('0001-01-31T00:00:00.000000')) as u (usual),
  generate_series(1, 26) as place, regexp_split_to_table('0123456789-:.T+Zxé٣ ', '') as said;
