-- The newest documents of the accounts alive and the digests the daemon compares listings with. Of another version of the canonical
-- form, none: those digests are made anew by the next verifying sweep.
--
-- $1 organization_id text, $2 digest_version integer -> account_id text, canonical_digest text (hex), document text, volatile_fields text
-- (comma-separated: those the digest was made with)
select
  account_digest.account_id,
  encode(account_digest.canonical_digest, 'hex') as canonical_digest,
  past.document::text as document,
  array_to_string(organization.volatile_fields, ',') as volatile_fields
from organization
join account_digest using (organization_id)
join lateral (
  select document
  from account_history
  where account_history.organization_id = account_digest.organization_id
  and account_history.account_id = account_digest.account_id
  order by version desc
  limit 1
) as past on past.document is not null
where organization.organization_id = $1::text
and organization.digest_version = $2::integer;
