-- Erases documents from the history; raises CS006 where an account is still at Close. One of the first two is NULL, one of the first
-- three is not.
--
-- $1 user_id text, $2 account_id text, $3 organization_id text, $4 reason text, $5 notify boolean: tell whoever listens to closesyncd_change
-- -> organization text, organization_id text, erasure_id bigint, accounts, documents, rejected integer
select
  organization, erased_from, erasure_id, accounts, documents, rejected,
  case
    when $5::boolean and documents > 0 and pg_notification_queue_usage() < 0.5
    then pg_notify('closesyncd_change', jsonb_build_object(
      'schema', current_schema, 'organization_id', erased_from, 'from_seq', null, 'to_seq', null)::text)
  end as told
from erase_history($1::text, $2::text, $3::text, $4::text);
