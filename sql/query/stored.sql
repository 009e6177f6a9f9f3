-- The accounts stored and their digests. A digest without an account, or an account without a digest, comes with NULLs, so that
-- it is sent again and put right; so does the digest of an account that was taken under another sync.exclude_fields. For a verifying
-- sweep also those alive in the history alone.
--
-- $1 organization_id text, $2 verify boolean, $3 excluded_fields text[] -> account_id text, raw_digest bytea, canonical_digest bytea (read in binary)
select
  account_id,
  case when account.account_id is not null and excluded_fields = $3::text[] then raw_digest end as raw_digest,
  case when account.account_id is not null and excluded_fields = $3 then canonical_digest end as canonical_digest
from (select * from account_digest where organization_id = $1::text) as digest
full join (select account_id from account where organization_id = $1) as account using (account_id)
union all
select alive.account_id, null, null
from (
  select distinct on (account_id) account_id, change
  from account_history
  where organization_id = $1
  and $2::boolean
  order by account_id, version desc
) as alive
where alive.change <> 'removed'
and not exists (select from account where organization_id = $1 and account.account_id = alive.account_id)
and not exists (select from account_digest where organization_id = $1 and account_digest.account_id = alive.account_id);
