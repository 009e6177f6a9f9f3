-- Drops history older than the retention from the organization that comes next after the given one: each in a transaction of its own,
-- so that no sweep waits for more than its own organization. No row: there is none.
--
-- $1 retention interval, $2 organization_id text (NULL or '' to begin), $3 notify boolean: tell whoever listens to closesyncd_change
-- -> organization text, organization_id text, seq bigint, dropped bigint, carried bigint, answers_from timestamptz; but for the first
-- two NULL where nothing is that old
select
  next.name as organization, next.organization_id, pruned.seq, pruned.dropped, pruned.carried, pruned.answers_from,
  case
    when $3::boolean and pruned.dropped > 0 and pg_notification_queue_usage() < 0.5
    then pg_notify('closesyncd_change', jsonb_build_object(
      'schema', current_schema, 'organization_id', next.organization_id, 'from_seq', null, 'to_seq', null)::text)
  end as told
from (
  select name, organization_id
  from organization
  where organization_id > coalesce($2::text, '')
  order by organization_id
  limit 1
) as next
left join lateral prune_history($1::interval, next.organization_id) as pruned on true;
