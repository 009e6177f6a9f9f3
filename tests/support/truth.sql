-- Which rows of the history are false, by the simulator's time line. It knows the contract's columns, nothing of sql/. Temporary
-- objects only; oracle.sql has made pg_temp.canonical().
--
-- A row says: within (not_before, observed_at] the account went from what the row before it says to what this one says. That is
-- true when the time line holds a state of the first kind, later one of the second kind, and both touch the interval. What is not
-- known any more (an erased or pruned document, bytes that are no JSON) may have been anything. Where another sync.exclude_fields was
-- ever in force, the time line is compared without what the row's document lacks and such a setting leaves out. A row 'rescoped' says that
-- within its interval the account was what both settings ask for of its document, and also what this one brought into it; a row
-- 'changed' of the same sweep begins with the former.

-- A number of one key's account: its states in the order of time. ahead: of the database's clock to the machine's.
create temp table if not exists moment (
  line text, number bigint, organization_id text, account_id text, at timestamptz, document jsonb, is_gone boolean);
create temp table if not exists period (since timestamptz, until timestamptz, ahead interval);
create temp table if not exists segment (
  organization_id text, account_id text, line text, document jsonb, is_gone boolean, is_known boolean,
  really_since timestamptz, since timestamptz, until timestamptz);
create index if not exists segment_account on segment using hash (account_id);
truncate moment, period, segment;

create or replace function pg_temp.readable(hex text) returns text language plpgsql immutable as $$
begin
  return convert_from(decode(hex, 'hex'), 'UTF8');
exception when others then
  return null;
end $$;

create or replace function pg_temp.document(hex text) returns jsonb language plpgsql immutable as $$
begin
  return pg_temp.canonical(convert_from(decode(hex, 'hex'), 'UTF8')::jsonb);
exception when others then
  return null;
end $$;

-- What a state was of what a row speaks of: all that the row's document has, and what no setting left out; but for `apart`.
create or replace function pg_temp.spoken_of(state jsonb, document jsonb, left_out text[], apart text[]) returns jsonb language sql immutable as $$
  select case when coalesce(left_out, '{}') = '{}' then state else coalesce(pg_temp.asked(state, left_out), '{}') || (
    select coalesce(jsonb_object_agg(key, value), '{}')
    from jsonb_each(state)
    where document ? key) end - apart $$;

create or replace function pg_temp.moment_of(microseconds bigint) returns timestamptz language sql immutable as
  $$ select 'epoch'::timestamptz + microseconds * interval '1 microsecond' $$;

create or replace temp view claim as
select organization_id, account_id, seq, change, coalesce(not_before, '-infinity') as not_before, observed_at,
  change = 'removed' as is_gone, pg_temp.canonical(document) as document,
  change = 'removed' or document_salt is not null as is_known,
  coalesce(version = 1 or old_change = 'removed', false) as was_gone, pg_temp.canonical(old_document) as old_document,
  coalesce(version = 1 or old_version = version - 1 and (old_change = 'removed' or old_salt is not null), false) as was_known,
  coalesce(not_before >= observed_at, false) as is_empty, coalesce(observed_at < before_at, false) as goes_back, volatile_fields,
  left_out, changed_fields, case when old_change = 'rescoped' and old_sweep_id = sweep_id then old_fields else '{}' end as old_apart
from (
  select h.*, lag(version) over same as old_version, lag(change) over same as old_change, lag(document) over same as old_document,
    lag(document_salt) over same as old_salt, lag(changed_fields) over same as old_fields, lag(sweep_id) over same as old_sweep_id,
    lag(observed_at) over (partition by h.organization_id order by h.seq) as before_at,
    (select array_append(coalesce(o.volatile_fields, '{}'), 'lead_suggestions_updated_at')
     from organization o where o.organization_id = h.organization_id) as volatile_fields,
    left_out.fields as left_out
  from account_history h
  left join (
    select organization_id, array_agg(distinct field) as fields
    from (
      select organization_id, unnest(excluded_fields) from organization
      union all
      select organization_id, unnest(changed_fields) from account_history where change = 'rescoped'
    ) as field (organization_id, field)
    group by organization_id
  ) as left_out on left_out.organization_id = h.organization_id
  window same as (partition by h.organization_id, h.account_id order by h.version)
) step;

create or replace temp view false_claim as
select *
from claim
where is_empty or goes_back or case
  when change = 'rescoped' then is_known and not (
    exists (
      select
      from segment
      where segment.organization_id = claim.organization_id and segment.account_id = claim.account_id
      and segment.since <= claim.observed_at and segment.until > claim.not_before
      and not segment.is_gone
      and (not segment.is_known
        or pg_temp.spoken_of(segment.document, claim.document, claim.left_out, claim.changed_fields || claim.volatile_fields)
          = claim.document - claim.changed_fields - claim.volatile_fields))
    and exists (
      select
      from segment
      where segment.organization_id = claim.organization_id and segment.account_id = claim.account_id
      and segment.since <= claim.observed_at and segment.until > claim.not_before
      and not segment.is_gone
      and (not segment.is_known or not exists (
        select
        from unnest(claim.changed_fields) as field
        where claim.document ? field
        and claim.document -> field is distinct from segment.document -> field))))
  else not exists (
    select
    from segment old
    join segment new on new.organization_id = old.organization_id and new.account_id = old.account_id
      and new.line = old.line and new.really_since > old.really_since
    where old.organization_id = claim.organization_id and old.account_id = claim.account_id
    and old.since <= claim.observed_at and old.until > claim.not_before
    and new.since <= claim.observed_at and new.until > claim.not_before
    and (not claim.was_known or case when claim.was_gone then old.is_gone else not old.is_gone and (not old.is_known
      or pg_temp.spoken_of(old.document, claim.old_document, claim.left_out, claim.old_apart || claim.volatile_fields)
        = claim.old_document - claim.old_apart - claim.volatile_fields) end)
    and (not claim.is_known or case when claim.is_gone then new.is_gone else not new.is_gone and (not new.is_known
      or pg_temp.spoken_of(new.document, claim.document, claim.left_out, '{}') = claim.document) end)) end;
