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

-- Three sweeps a process owes while another one's, later, is written first: the hole it seemed to be is closed. Written twice is once.
delete from coverage;
create function pg_temp.add(sweeps text, gap interval default '6 s') returns void language sql as $$ -- '2 4': sweeps at these seconds, each taking one
  with recursive sweep as (
    select place, '2026-01-01'::timestamptz + (second || ' s')::interval as at
    from regexp_split_to_table(sweeps, ' ') with ordinality as s (second, place)
  ), added as (
    select place, at as from_at, at + interval '1 s' as first_ended_at, at as until_at, interval '0' as longest_gap, interval '0' as pending_gap
    from sweep where place = 1
    union all
    select sweep.place, from_at, first_ended_at, sweep.at, greatest(longest_gap, pending_gap, sweep.at - until_at), sweep.at - until_at + interval '1 s'
    from added join sweep on sweep.place = added.place + 1
  )
  select extend_coverage('o', gap, from_at, first_ended_at, until_at, place, longest_gap, pending_gap)
  from added order by place desc limit 1;
$$;
select pg_temp.add('0');
select pg_temp.add('20');
select head_text('o') as head_between \gset
select pg_temp.add('21');
call pg_temp.says('a hole', '00:00:00-00:00:00 1 00:00:00/00:00:00, 00:00:20-00:00:21 2 00:00:01/00:00:02');
select pg_temp.add('2 6 11 16');
call pg_temp.says('closed', '00:00:00-00:00:20 5 00:00:06/00:00:05, 00:00:20-00:00:21 2 00:00:01/00:00:02');
select pg_temp.add('2 6 11 16');
call pg_temp.says('twice is once', '00:00:00-00:00:20 5 00:00:06/00:00:05, 00:00:20-00:00:21 2 00:00:01/00:00:02');
select pg_temp.must(was_watching('o', '2026-01-01 00:00:00', '2026-01-01 00:00:21') and unseen_at_most('o', '2026-01-01', '2026-01-01 00:00:21') = '6 s', 'watched throughout');
select pg_temp.must(count(*) = 0, 'the head given in between holds') from verify_since(:'head_between');
select pg_temp.add('40');
select pg_temp.add('50');
select pg_temp.add('30');
select pg_temp.add('30');
select pg_temp.must(string_agg(extract(second from g.from_at)::integer || '-' || extract(second from g.until_at)::integer, ' ' order by g.from_at) = '21-30 30-40 40-50', 'as far as it goes')
from coverage_gap('o', '2026-01-01 00:00:00', '2026-01-01 00:00:50') as g;
select pg_temp.add('45');
select pg_temp.add('35');
select pg_temp.add('25');
select pg_temp.must(sum(sweeps) = 13 and unseen_at_most('o', '2026-01-01', '2026-01-01 00:00:50') = '6 s', 'piece by piece') from coverage;
select pg_temp.must(was_watching('o', '2026-01-01', '2026-01-01 00:00:50'), 'without a gap');

-- Whatever is written late: no head ever given is broken, and in the end it is what writing in order comes to.
create table pg_temp.heads (head text not null);
create procedure pg_temp.any_order(seed double precision) language plpgsql as $$
declare owed text[]; at integer := 0; wanted text; part text; step integer;
begin
  perform setseed(seed);
  delete from coverage;
  truncate pg_temp.heads;
  for i in 1 .. 12 loop
    at := at + 4 + floor(random() * 3)::integer;
    owed := owed || at::text;
    for j in 1 .. floor(random() * 4) loop
      at := at + 4 + floor(random() * 3)::integer;
      owed[i] := owed[i] || ' ' || at;
    end loop;
  end loop;
  foreach part in array owed loop
    perform pg_temp.add(part);
  end loop;
  select concat_ws(' ', sum(sweeps), min(from_at), max(until_at), unseen_at_most('o', min(from_at), max(until_at))) into strict wanted from coverage;
  perform pg_temp.must(count(*) = 1, 'one span') from coverage;
  delete from coverage;
  perform pg_temp.add(owed[1]);
  for step in select place from generate_series(2, 12) as place order by random() loop
    perform pg_temp.add(owed[step]);
    insert into pg_temp.heads select head_text('o');
    perform pg_temp.must(count(*) = 0, 'heads hold') from pg_temp.heads cross join lateral verify_since(head);
  end loop;
  perform pg_temp.must(said = wanted, format('in any order: %s, not %s', said, wanted)), pg_temp.must(was_watching('o', first, last), 'without a gap')
  from (
    select min(from_at) as first, max(until_at) as last,
      concat_ws(' ', sum(sweeps), min(from_at), max(until_at), unseen_at_most('o', min(from_at), max(until_at))) as said
    from coverage) as written;
end $$;
do $$ begin for i in 1 .. 30 loop call pg_temp.any_order(i / 100.0); end loop; end $$;

-- What heads pin is settled: a span of ten minutes takes nothing before it any more, nor does the first one.
delete from coverage;
select pg_temp.add('100');
select pg_temp.add('80');
call pg_temp.says('nothing before the first', '00:01:40-00:01:40 1 00:00:00/00:00:00');
select pg_temp.add('200');
select pg_temp.add('799', '1 h');
select pg_temp.must(settled_span('o') = '2026-01-01 00:01:40', 'not yet');
select head_text('o') as head_young \gset
select pg_temp.must(:'head_young' like '% from_at=2026-01-01T00:03:20.000000Z % older_before=2026-01-01T00:01:40.000000Z older_spans=%', 'the newest span is pinned at once');
select pg_temp.must(count(*) = 0, 'its head holds') from verify_since(:'head_young');
update coverage set sweeps = sweeps - 1 where from_at = '2026-01-01 00:03:20';
select pg_temp.must(count(*) = 1, 'a young span altered') from verify_since(:'head_young');
update coverage set sweeps = sweeps + 1 where from_at = '2026-01-01 00:03:20';
select pg_temp.add('800', '1 h');
select pg_temp.must(settled_span('o') = '2026-01-01 00:03:20', 'ten minutes');
select head_text('o') as head_settled \gset
select pg_temp.add('150', '1 h');
call pg_temp.says('settled', '00:01:40-00:01:40 1 00:00:00/00:00:00, 00:03:20-00:13:20 3 00:10:00/00:00:02');
select pg_temp.must(count(*) = 0, 'its head holds') from verify_since(:'head_settled');

-- The clock steps back behind the beginning of the newest span: that says what could hide, and no head is broken.
select extend_coverage('o', '3 min', '2026-01-01 00:00:30', '2026-01-01 00:00:31', '2026-01-01 00:00:30', 1, '0', '15 min');
call pg_temp.says('behind it all', '00:01:40-00:01:40 1 00:00:00/00:00:00, 00:03:20-00:13:20 3 00:10:00/00:15:00');
select pg_temp.must(count(*) = 0, 'its head holds') from verify_since(:'head_settled');
