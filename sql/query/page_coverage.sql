-- For the page of an organization: when complete sweeps followed one another within the last 90 days, and when they did not. Spans come
-- first, then gaps, the newest first, once to be drawn (cut) and once to be told. What is missing since the last flush is no gap unless it
-- is late.
--
-- $1 organization_id text -> kind text (span, cut, gap, before: nobody had looked yet), from_s bigint, until_s bigint (seconds since 1970),
-- window_from bigint, window_until bigint, is_open boolean (the gap goes on)
with shown as (
  select
    clock_timestamp() as until_at,
    clock_timestamp() - interval '90 days' as from_at,
    coalesce(3 * organization.sweep_interval + 2 * coalesce(organization.flush_interval, '0'), '10 minutes') as tolerated
  from organization
  where organization.organization_id = $1
), told as (
  (
    select 1 as place, 'span' as kind, greatest(coverage.from_at, shown.from_at) as from_at, coverage.until_at, false as is_open
    from shown, coverage
    where coverage.organization_id = $1
    and coverage.until_at > shown.from_at
    order by coverage.from_at desc
    limit 1000
  )
  union all
  (
    select
      part.place,
      case when not known.is_known then 'before' when part.place = 2 then 'cut' else 'gap' end,
      gap.from_at, gap.until_at, gap.until_at = shown.until_at
    from shown
    cross join lateral coverage_gap($1, shown.from_at, shown.until_at) as gap
    cross join lateral (
      select exists (
        select
        from coverage
        where coverage.organization_id = $1
        and coverage.from_at < gap.until_at
      ) as is_known
    ) as known
    cross join (values (2), (3)) as part (place)
    where (gap.until_at < shown.until_at or gap.until_at - gap.from_at > shown.tolerated)
    and (known.is_known or part.place = 3)
    order by gap.from_at desc
    limit 400
  )
)
select
  told.kind,
  extract(epoch from told.from_at)::bigint as from_s,
  extract(epoch from told.until_at)::bigint as until_s,
  extract(epoch from shown.from_at)::bigint as window_from,
  extract(epoch from shown.until_at)::bigint as window_until,
  told.is_open
from told, shown
order by told.place, told.from_at desc;
