-- Proofs: that the history is the one that was written (verify_history) and that the mirror is what the history says
-- (verify_mirror). No row: proven. A tail cut off, or a chain made anew by an owner, only an older head can show (head_text).

-- Each row against the one before it. Above the anchor every row has its predecessor; a carried row has none, and is held by the
-- anchor's carried_hash instead. That each hash is right and each previous_hash the hash before is the chain, re-computed.
create function verify_history(organization_id text)
  returns table (seq bigint, account_id text, problem text)
  language sql stable parallel safe
  set jit = off -- compiling would take longer than running
begin atomic
  with newest_anchor as (
    select anchor.*
    from history_anchor as anchor
    where anchor.organization_id = verify_history.organization_id
    order by anchor.seq desc
    limit 1
  ), erased as (
    select distinct unnest(erasure.seqs) as seq, unnest(erasure.tombstones) as tombstone
    from erasure
    where erasure.organization_id = verify_history.organization_id
  ), linked as (
    select
      past.*,
      coalesce(newest_anchor.seq, 0) as anchor_seq,
      past.seq <= coalesce(newest_anchor.seq, 0) as is_carried,
      lag(past.seq) over in_order as seq_before,
      lag(past.hash) over in_order as hash_before,
      lag(past.observed_at) over in_order as observed_before,
      coalesce(newest_anchor.hash, decode(repeat('00', 32), 'hex')) as anchor_hash,
      lag(past.version) over of_account as version_before,
      lag(past.change) over of_account as change_before,
      lead(past.seq) over of_account as seq_after,
      case when newest_anchor.seq is null then 0 else pruned_account.version end as version_pruned
    from account_history as past
    left join newest_anchor on true
    left join pruned_account on pruned_account.organization_id = past.organization_id and pruned_account.account_id = past.account_id
    where past.organization_id = verify_history.organization_id
    window in_order as (order by past.seq), of_account as (partition by past.account_id order by past.seq)
  ), judged as (
    select
      linked.seq, linked.account_id,
      case
        when linked.seq < 1 then 'the history begins at seq 1'
        when is_carried and (change = 'removed' or seq_after <= anchor_seq) then 'a row that pruning drops is still there'
        when not is_carried and linked.seq <> greatest(seq_before, anchor_seq) + 1
        then format('the row before it is gone: seq %s follows %s', linked.seq, greatest(seq_before, anchor_seq))
        when linked.seq = anchor_seq and hash <> anchor_hash then 'hash is not the one that the anchor names'
        when hash_version <> 1 then format('hash_version %s is unknown', hash_version)
        when not is_carried and previous_hash <> case when seq_before > anchor_seq then hash_before else anchor_hash end
        then 'previous_hash is not the hash of the row before it'
        when hash <> sha256(previous_hash || convert_to(history_link(
          linked.organization_id, linked.seq, linked.account_id, version, change, not_before, observed_at, changed_fields, sweep_id,
          document_digest), 'UTF8'))
        then 'hash does not fit the row'
        when change = 'removed' and num_nonnulls(document, document_digest) > 0 then 'a removed account has a document'
        when change <> 'removed' and (document is null or document_digest is null) then 'the document is missing'
        when change not in ('added', 'changed', 'removed') then format('"%s" is no change', change)
        when document_salt is not null and document_digest <> document_digest(document_salt, document)
        then 'document_digest does not fit the document'
        when change <> 'removed' and document_salt is null and erased.seq is null then 'a tombstone without its erasure'
        when change = 'removed' and document_salt is null or octet_length(document_salt) <> 32 then 'document_salt is not 32 bytes'
        when document_salt is null and document <> tombstone(document) then 'an erased row holds more than a tombstone'
        when document_salt is null and change <> 'removed' and erased.tombstone is distinct from tombstone_digest(document)
        then 'the tombstone is not the one that its erasure left'
        when document_salt is not null and erased.seq is not null then 'an erased document is back'
        when not is_carried and version <> coalesce(version_before::bigint, version_pruned, version - 1::bigint) + 1
        then format('version %s follows %s', version, coalesce(version_before, version_pruned))
        when version_before is not null and (change = 'added') <> (change_before = 'removed')
          or version_before is null and change <> 'added' and not is_carried
        then format('"%s" follows "%s"', change, coalesce(change_before, 'nothing'))
        when not_before > observed_at then 'not_before is after observed_at'
        when observed_at < observed_before then 'observed_at goes back'
      end as problem
    from linked
    left join erased on erased.seq = linked.seq
  ), carried as (
    select
      count(*) as present,
      sha256(coalesce(string_agg(past.hash, ''::bytea order by past.seq), '')) as hash,
      max(past.observed_at) as observed_at
    from account_history as past
    join newest_anchor on past.seq <= newest_anchor.seq
    where past.organization_id = verify_history.organization_id
  ), chained as (
    select
      erasure.*,
      lag(erasure.erasure_id, 1, 0::bigint) over in_order as id_before,
      lag(erasure.hash, 1, decode(repeat('00', 32), 'hex')) over in_order as hash_before
    from erasure
    where erasure.organization_id = verify_history.organization_id
    window in_order as (order by erasure.erasure_id)
  )
  select judged.seq, judged.account_id, judged.problem
  from judged
  where judged.problem is not null
  union all
  select newest_anchor.seq, null, 'the carried rows are not those the anchor names'
  from newest_anchor
  cross join carried
  where carried.hash <> newest_anchor.carried_hash
  union all
  select newest_anchor.seq, null, format('of the rows up to the anchor %s were dropped, its ledger says %s',
    newest_anchor.seq - carried.present, total.dropped)
  from newest_anchor
  cross join carried
  cross join (
    select sum(anchor.dropped) as dropped
    from history_anchor as anchor
    where anchor.organization_id = verify_history.organization_id
  ) as total
  where newest_anchor.seq - carried.present <> total.dropped
  union all
  select newest_anchor.seq, null, format('the anchor answers from %s, which is not between the rows up to it and those after',
    to_char(newest_anchor.answers_from at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'))
  from newest_anchor
  cross join carried
  where newest_anchor.answers_from < carried.observed_at
  or newest_anchor.answers_from > (
    select past.observed_at
    from account_history as past
    where past.organization_id = verify_history.organization_id
    and past.seq > newest_anchor.seq
    order by past.seq
    limit 1)
  union all
  select null, null, format('column "%s" of account_history is no longer generated from the document', attname)
  from pg_attribute
  where attrelid = 'account_history'::regclass
  and attname in ('send_status', 'receive_status', 'email_receive_status', 'calendar_receive_status', 'other')
  and attgenerated <> 's'
  union all
  select null, null, format('erasure %s does not fit its chain', chained.erasure_id)
  from chained
  where chained.erasure_id <> id_before + 1
  or chained.previous_hash <> hash_before
  or chained.hash <> sha256(chained.previous_hash || convert_to(erasure_link(
    chained.organization_id, chained.erasure_id, chained.erased_at, chained.erased_by, chained.reason, chained.account_ids, chained.seqs,
    chained.tombstones), 'UTF8'))
  order by 1 nulls last;
end;
comment on function verify_history(text) is 'What is wrong with an organization''s history, the first bad seq first; no row: the chain, seq, versions, intervals, digests, erasures and anchor hold';

-- The mirror against the newest documents, column by column, by the same shape functions that wrote it. What is volatile may differ.
create function verify_mirror(organization_id text)
  returns table (table_name text, account_id text, problem text)
  language sql stable parallel safe
  set jit = off -- compiling would take longer than running
begin atomic
  with newest as (
    select past.account_id, max(past.seq) as seq, max(past.observed_at) filter (where past.change = 'added') as added_at,
      min(past.observed_at) as oldest_at
    from account_history as past
    where past.organization_id = verify_mirror.organization_id
    group by past.account_id
  ), alive as materialized (
    select past.organization_id, past.account_id, past.document, past.observed_at, newest.added_at, newest.oldest_at
    from newest
    join account_history as past on past.organization_id = verify_mirror.organization_id and past.seq = newest.seq
    where past.change <> 'removed'
  ), wanted_account as (
    select alive.organization_id, alive.account_id, shape.*,
      coalesce(alive.added_at, least(held.first_seen_at, alive.oldest_at)) as first_seen_at, alive.observed_at as changed_at
    from alive
    cross join lateral account_shape(alive.document) as shape
    left join account as held on held.organization_id = verify_mirror.organization_id and held.account_id = alive.account_id
  ), difference as (
    select
      'account' as table_name, coalesce(wanted.account_id, held.account_id) as account_id, wanted.account_id is null as is_extra,
      held.account_id is null as is_missing,
      case when wanted.account_id is not null and held.account_id is not null
        then account_difference_fields(to_jsonb(held), to_jsonb(wanted)) end as fields
    from wanted_account as wanted
    full join (select * from account where account.organization_id = verify_mirror.organization_id) as held
      on held.account_id = wanted.account_id
    where held is distinct from wanted
    union all
    select
      'account_identity', coalesce(wanted.account_id, held.account_id), wanted.account_id is null, held.account_id is null,
      array[case when wanted.account_id is null or held.account_id is null then 'identities' else 'default_identity' end]
    from (select alive.organization_id, alive.account_id, shape.* from alive cross join lateral account_identity_shape(alive.document) as shape) as wanted
    full join (select * from account_identity where account_identity.organization_id = verify_mirror.organization_id) as held
      on (held.account_id, held.email, held.name) = (wanted.account_id, wanted.email, wanted.name)
    where held is distinct from wanted
    union all
    select
      'account_mail_server', coalesce(wanted.account_id, held.account_id), wanted.account_id is null, held.account_id is null,
      array[coalesce(wanted.protocol, held.protocol)]
    from (select alive.organization_id, alive.account_id, shape.* from alive cross join lateral account_mail_server_shape(alive.document) as shape) as wanted
    full join (select * from account_mail_server where account_mail_server.organization_id = verify_mirror.organization_id) as held
      on (held.account_id, held.protocol) = (wanted.account_id, wanted.protocol)
    where held is distinct from wanted
    union all
    select
      'account_calendar', coalesce(wanted.account_id, held.account_id), wanted.account_id is null, held.account_id is null,
      coalesce(nullif(array_remove(array[
        case when (held.name, held.status, held.is_default, coalesce(held.is_available, false)) is distinct from
          (wanted.name, wanted.status, wanted.is_default, coalesce(wanted.is_available, false)) then 'available_calendars' end,
        case when case
          when held.account_id is null or wanted.account_id is null then coalesce(held.is_synced, wanted.is_synced)
          else held.is_synced is distinct from wanted.is_synced end then 'synced_calendars' end], null), '{}'), '{available_calendars}')
    from (select alive.organization_id, alive.account_id, shape.* from alive cross join lateral account_calendar_shape(alive.document) as shape) as wanted
    full join (select * from account_calendar where account_calendar.organization_id = verify_mirror.organization_id) as held
      on (held.account_id, held.calendar_id) = (wanted.account_id, wanted.calendar_id)
    where held is distinct from wanted
    union all
    select
      'account_feature', coalesce(wanted.account_id, held.account_id), wanted.account_id is null, held.account_id is null,
      coalesce(nullif(array_remove(array[
        case when coalesce(held.is_available, false) <> coalesce(wanted.is_available, false) then 'available_features' end,
        case when coalesce(held.is_enabled, false) <> coalesce(wanted.is_enabled, false) then 'enabled_features' end], null), '{}'),
        '{available_features}')
    from (select alive.organization_id, alive.account_id, shape.* from alive cross join lateral account_feature_shape(alive.document) as shape) as wanted
    full join (select * from account_feature where account_feature.organization_id = verify_mirror.organization_id) as held
      on (held.account_id, held.feature) = (wanted.account_id, wanted.feature)
    where held is distinct from wanted
    union all
    select 'account_digest', coalesce(alive.account_id, held.account_id), alive.account_id is null, held.account_id is null, null
    from alive
    full join (select * from account_digest where account_digest.organization_id = verify_mirror.organization_id) as held
      on held.account_id = alive.account_id
    where alive.account_id is null or held.account_id is null
  )
  select
    difference.table_name, difference.account_id,
    case
      when is_extra then 'a row that no document has'
      when is_missing then 'a row of the document is missing'
      else 'differs from the document in ' || array_to_string(fields, ', ') end
  from difference
  where fields is null
  or not fields <@ coalesce((
    select organization.volatile_fields
    from organization
    where organization.organization_id = verify_mirror.organization_id), '{}')
  order by 2, 1;
end;
comment on function verify_mirror(text) is 'Where an organization''s mirror tables differ from its newest documents; no row: they are equal but for volatile fields';

-- The spans of coverage before one; before a settled one they never change again.
create function coverage_digest(organization_id text, before timestamptz) returns text
  language sql stable parallel safe
begin atomic
  select encode(sha256(convert_to(coalesce(jsonb_agg(jsonb_build_array(
    to_char(from_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), to_char(until_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
    sweeps, extract(epoch from longest_gap), extract(epoch from pending_gap),
    to_char(first_ended_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')) order by from_at), '[]')::text, 'UTF8')), 'hex')
  from coverage
  where coverage.organization_id = coverage_digest.organization_id
  and from_at < before;
end;
comment on function coverage_digest(text, timestamptz) is 'Hex SHA-256 of the spans of coverage that began before a time';

-- Where an organization's evidence stands, in one line of key=value: its newest history row, erasure and span of coverage, and the
-- spans before the newest settled one. Kept elsewhere, it is what a cut or re-made chain is found by (verify --since).
create function head_text(organization_id text) returns text
  language sql stable parallel safe
begin atomic
  select
    format('organization_id=%s seq=%s hash=%s', organization.organization_id, coalesce(head.seq, 0),
      encode(coalesce(head.hash, decode(repeat('00', 32), 'hex')), 'hex'))
    || case when span.from_at is null then '' else format(' from_at=%s until_at=%s sweeps=%s longest_gap=%ss%s%s older_spans=%s',
      to_char(span.from_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
      to_char(span.until_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
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

-- Older heads against what is there now: lines as head_text made them, also within log lines and JSON. What was pruned since is told,
-- and is no problem. A line that was a head and cannot be read whole (cut, wrapped, altered) is one: what it pins is not compared.
create function verify_since(heads text)
  returns table (organization_id text, seq bigint, is_problem boolean, problem text)
  language sql stable parallel safe
  set jit = off -- compiling would take longer than running
begin atomic
  with line as (
    select place, substring(said from 'organization_id=([^\s"]+)') as organization_id, regexp_match(said,
      '(?:^|[\s"])organization_id=(\S+) +seq=([0-9]{1,18}) +hash=([0-9a-f]{64})\M'
      || '(?: +from_at=([0-9TZ:.-]{27}) +until_at=([0-9TZ:.-]{27}) +sweeps=([0-9]{1,18}) +longest_gap=([0-9]{1,12}(?:[.][0-9]{1,6})?)s'
      || '(?: +first_ended_at=([0-9TZ:.-]{27}))?(?: +older_before=([0-9TZ:.-]{27}))? +older_spans=([0-9a-f]{64})\M)?'
      || '(?: +erasures=([0-9]{1,18}) +erasure_hash=([0-9a-f]{64})\M)?'
      || '(?![^\s"])(?!.*\m(?:from_at|until_at|sweeps|longest_gap|first_ended_at|older_before|older_spans|erasures|erasure_hash)=)') as part
    from regexp_split_to_table(heads, '[\r\n]+') with ordinality as split (said, place)
    where said ~ 'organization_id='
    and said ~ '\m(?:seq|hash)='
  ), pinned as (
    select
      part[1] as organization_id,
      part[2]::bigint as seq,
      decode(part[3], 'hex') as hash,
      close_timestamp(part[4]) as from_at,
      close_timestamp(part[5]) as until_at,
      part[6]::bigint as sweeps,
      (part[7] || 's')::interval as longest_gap,
      close_timestamp(part[8]) as first_ended_at,
      coalesce(close_timestamp(part[9]), close_timestamp(part[4])) as older_before,
      part[10] as older_spans,
      part[11]::bigint as erasures,
      decode(part[12], 'hex') as erasure_hash
    from line
    where part is not null
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
    from pinned
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
  where part is null
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
