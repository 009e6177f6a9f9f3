-- What changed, for `history`: of the history rows asked for a line per field, oldest first. Rows are counted before they become lines.
--
-- $1 names text[] (NULL: every organization), $2 account_id text (NULL: all), $3 since timestamptz, $4 since bigint, a seq (or NULL),
-- $5 behind jsonb, {organization_id: the last seq told} (organizations it does not name from the beginning), $6 until jsonb likewise
-- (NULL: no end), $7 count bigint, $8 newest boolean: the last rows instead of the first
-- -> name text and the columns of account_change; moments in ISO 8601, values as JSON, changed_fields as a JSON array; then old_word,
-- new_word text: why a value is not there, absent (Close said none), not asked for (rescoped), erased or pruned (it is not known
-- any more)
with wanted as (
  select past.organization_id, past.seq, past.observed_at
  from organization
  join account_history as past on past.organization_id = organization.organization_id
  where ($1::text[] is null or organization.name = any ($1))
  and ($2::text is null or past.account_id = $2)
  and ($3::timestamptz is null or past.observed_at >= $3)
  and ($4::bigint is null or past.seq >= $4)
  and past.seq > coalesce(($5::jsonb ->> past.organization_id)::bigint, 0)
  and ($6::jsonb is null or past.seq <= ($6 ->> past.organization_id)::bigint)
), picked as (
  (select * from wanted where $8::boolean order by observed_at desc, organization_id desc, seq desc limit $7::bigint)
  union all
  (select * from wanted where not $8 order by observed_at, organization_id, seq limit $7)
)
select
  organization.name, change.organization_id, change.seq, change.account_id, change.type, change.email, change.change, change.field,
  change.old_value, change.new_value,
  to_char(change.not_before at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as not_before,
  to_char(change.observed_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as observed_at,
  to_json(change.changed_fields) as changed_fields,
  case
    when change.old_value is not null then null
    when past.change = 'added' then 'absent'
    else why_no_value(past.change, earlier.version, earlier.document_salt)
  end as old_word,
  case when change.new_value is null then why_no_value(past.change, past.version, past.document_salt) end as new_word
from picked
join organization on organization.organization_id = picked.organization_id
join account_history as past on past.organization_id = picked.organization_id and past.seq = picked.seq
left join account_history as earlier
  on earlier.organization_id = past.organization_id
  and earlier.account_id = past.account_id
  and earlier.version = past.version - 1
cross join lateral (
  select *
  from account_change
  where account_change.organization_id = picked.organization_id
  and account_change.seq = picked.seq
  offset 0
) as change
order by picked.observed_at, picked.organization_id, picked.seq, change.field, change.old_value, change.new_value;
