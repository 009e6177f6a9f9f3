-- The head of an organization's evidence, to be kept elsewhere, and what older heads prove.

-- Where an organization's evidence stands, in one line of key=value: its newest history row, erasure and span of coverage, and the
-- spans before the newest settled one. Kept elsewhere, it is what a cut or re-made chain is found by (verify --since).
create or replace function head_text(organization_id text) returns text
  language sql stable parallel safe
begin atomic
  select
    format('organization_id=%s seq=%s hash=%s', organization.organization_id, coalesce(head.seq, 0),
      encode(coalesce(head.hash, decode(repeat('00', 32), 'hex')), 'hex'))
    || case when span.from_at is null then '' else format(' from_at=%s until_at=%s sweeps=%s longest_gap=%ss%s%s older_spans=%s',
      utc_text(span.from_at),
      utc_text(span.until_at),
      span.sweeps, extract(epoch from greatest(span.longest_gap, span.pending_gap)),
      coalesce(to_char(span.first_ended_at at time zone 'UTC', '" first_ended_at="YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), ''),
      coalesce(to_char(nullif(settled.from_at, span.from_at) at time zone 'UTC', '" older_before="YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), ''),
      coverage_digest(organization.organization_id, settled.from_at)) end
    || case when last_erasure.erasure_id is null then ''
      else format(' erasures=%s erasure_hash=%s', last_erasure.erasure_id, encode(last_erasure.hash, 'hex')) end
  from organization
  left join lateral history_head(organization.organization_id) as head on true
  left join lateral (
    select *
    from coverage
    where coverage.organization_id = organization.organization_id
    order by from_at desc
    limit 1
  ) as span on true
  left join lateral settled_span(organization.organization_id) as settled (from_at) on true
  left join lateral (
    select erasure_id, hash
    from erasure
    where erasure.organization_id = organization.organization_id
    order by erasure_id desc
    limit 1
  ) as last_erasure on true
  where organization.organization_id = head_text.organization_id;
end;
comment on function head_text(text) is 'The head of an organization''s evidence in one line of key=value, to be kept elsewhere';

-- Older heads: lines as head_text made them, also within log lines and JSON. A line that was a head and cannot be read whole (cut, wrapped,
-- altered) has no seq.
create or replace function head_line(heads text)
  returns table (
    place bigint, organization_id text, seq bigint, hash bytea, from_at timestamptz, until_at timestamptz, sweeps bigint,
    longest_gap interval, first_ended_at timestamptz, older_before timestamptz, older_spans text, erasures bigint, erasure_hash bytea)
  language sql stable parallel safe
begin atomic
  with line as materialized ( -- each line is matched once, not once for each of its parts
    select place, said, regexp_match(said,
      '(?:^|[\s"])organization_id=(\S+) +seq=([0-9]{1,18}) +hash=([0-9a-f]{64})\M'
      || '(?: +from_at=([0-9TZ:.-]{27}) +until_at=([0-9TZ:.-]{27}) +sweeps=([0-9]{1,18}) +longest_gap=([0-9]{1,12}(?:[.][0-9]{1,6})?)s'
      || '(?: +first_ended_at=([0-9TZ:.-]{27}))?(?: +older_before=([0-9TZ:.-]{27}))? +older_spans=([0-9a-f]{64})\M)?'
      || '(?: +erasures=([0-9]{1,18}) +erasure_hash=([0-9a-f]{64})\M)?'
      || '(?![^\s"])(?!.*\m(?:from_at|until_at|sweeps|longest_gap|first_ended_at|older_before|older_spans|erasures|erasure_hash)=)') as part
    from regexp_split_to_table(heads, '[\r\n]+') with ordinality as split (said, place)
    where said ~ 'organization_id='
    and said ~ '\m(?:seq|hash)='
  )
  select
    place, coalesce(part[1], substring(said from 'organization_id=([^\s"]+)')), part[2]::bigint, decode(part[3], 'hex'),
    close_timestamp(part[4]), close_timestamp(part[5]), part[6]::bigint, (part[7] || 's')::interval, close_timestamp(part[8]),
    coalesce(close_timestamp(part[9]), close_timestamp(part[4])), part[10], part[11]::bigint, decode(part[12], 'hex')
  from line;
end;
comment on function head_line(text) is 'Older heads, line by line; seq NULL: a line that cannot be read';

-- Older heads against what is there now. What was pruned since is told, and is no problem. A line that cannot be read is one: what it pins
-- is not compared.
create or replace function verify_since(heads text)
  returns table (organization_id text, seq bigint, is_problem boolean, problem text)
  language sql stable parallel safe
  set jit = off -- compiling would take longer than running
begin atomic
  with line as materialized (
    select *
    from head_line(heads)
  ), compared as (
    select
      pinned.*,
      known.organization_id is not null as is_known,
      past.hash as hash_now,
      newest.seq as seq_now,
      anchor.seq as anchor_seq,
      (
        select anchored.hash
        from history_anchor as anchored
        where anchored.organization_id = pinned.organization_id
        and anchored.seq = pinned.seq) as anchor_hash,
      span.from_at is not null as is_span_known,
      span.until_at >= pinned.until_at and span.sweeps >= pinned.sweeps
        and greatest(span.longest_gap, span.pending_gap) >= pinned.longest_gap -- the one becomes the other when the span goes on
        and span.first_ended_at is not distinct from pinned.first_ended_at as is_span_kept,
      coverage_digest(pinned.organization_id, pinned.older_before) = pinned.older_spans as are_older_kept,
      erased.hash as erasure_hash_now
    from line as pinned
    left join organization as known on known.organization_id = pinned.organization_id
    left join account_history as past on past.organization_id = pinned.organization_id and past.seq = pinned.seq
    left join lateral (
      select max(account_history.seq) as seq
      from account_history
      where account_history.organization_id = pinned.organization_id
    ) as newest on true
    left join lateral (
      select max(history_anchor.seq) as seq
      from history_anchor
      where history_anchor.organization_id = pinned.organization_id
    ) as anchor on true
    left join coverage as span on span.organization_id = pinned.organization_id and span.from_at = pinned.from_at
    left join erasure as erased on erased.organization_id = pinned.organization_id and erased.erasure_id = pinned.erasures
    where pinned.seq is not null
  ), verdict as (
    select organization_id, seq,
      case
        when not is_known then 'the organization is gone'
        when seq = 0 or hash_now = hash or anchor_hash = hash then null
        when hash_now is not null or anchor_hash is not null then format('seq %s has another hash than the head: the history was made anew', seq)
        when seq <= anchor_seq then null
        when seq > coalesce(greatest(seq_now, anchor_seq), 0)
        then format('the history ends at seq %s: its tail was cut off', coalesce(greatest(seq_now, anchor_seq), 0))
        else format('the row at seq %s is gone', seq)
      end as problem
    from compared
    union all
    select organization_id, seq,
      case
        when from_at is null or not is_known then null
        when not is_span_known then format('the coverage from %s is gone', from_at)
        when is_span_kept is not true then format('the coverage from %s says less than the head', from_at)
        when are_older_kept is not true then format('the coverage before %s is not what it was', older_before)
      end
    from compared
    union all
    select organization_id, seq,
      case when is_known and erasures is not null and erasure_hash is distinct from erasure_hash_now
        then format('erasure %s is not the one the head names', erasures) end
    from compared
  )
  select organization_id, seq, true, problem
  from verdict
  where problem is not null
  union all
  select organization_id, null, true, format('line %s of the heads cannot be read: it was cut or altered, and proves nothing', place)
  from line
  where seq is null
  union all
  select null, null, true, 'there is no head in it, so nothing was compared'
  where not exists (select from line)
  union all
  select organization_id, seq, false, format('pruned: the history goes back to seq %s', anchor_seq)
  from compared
  where seq > 0
  and seq <= anchor_seq
  and hash_now is null;
end;
comment on function verify_since(text) is 'What older heads (lines of head_text) prove wrong, and which of them were pruned since';
