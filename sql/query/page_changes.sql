-- For the page of an organization: its last 50 changes, newest first, field by field; of each at most 12 fields, and no whole document.
--
-- $1 organization_id text -> seq bigint, account_id text, type text, email text, change text, field text, old_value text, new_value text,
-- not_before bigint, observed_at bigint (seconds since 1970), fields bigint (how many there are); then old_word, new_word text: what
-- stands instead of a value, absent (Close said none), null (Close said null), not asked for (rescoped), erased or pruned (it is
-- not known any more)
select
  change.seq, change.account_id, change.type, change.email, change.change,
  left(change.field, 200) || case when length(change.field) > 200 then '…' else '' end as field,
  left(value.before, 1000) || case when length(value.before) > 1000 then '…' else '' end as old_value,
  left(value.after, 1000) || case when length(value.after) > 1000 then '…' else '' end as new_value,
  extract(epoch from change.not_before)::bigint as not_before,
  extract(epoch from change.observed_at)::bigint as observed_at,
  change.fields,
  case
    when value.before is not null then null
    when change.old_value is not null then 'null'
    when picked.change = 'added' then 'absent'
    else why_no_value(picked.change, earlier.version, earlier.document_salt)
  end as old_word,
  case
    when value.after is not null then null
    when change.new_value is not null then 'null'
    else why_no_value(picked.change, picked.version, picked.document_salt)
  end as new_word
from (
  select
    account_history.seq, account_history.account_id, account_history.version, account_history.change,
    account_history.document_salt
  from account_history
  where account_history.organization_id = $1
  order by account_history.seq desc
  limit 50
) as picked
left join account_history as earlier
  on earlier.organization_id = $1
  and earlier.account_id = picked.account_id
  and earlier.version = picked.version - 1
cross join lateral (
  select account_change.*, count(*) over () as fields
  from account_change
  where account_change.organization_id = $1
  and account_change.seq = picked.seq
  order by account_change.field
  limit 12
) as change
cross join lateral (
  select
    case when change.field is not null then change.old_value #>> '{}' end as before,
    case when change.field is not null then change.new_value #>> '{}' end as after
) as value
order by change.seq desc, change.field;
