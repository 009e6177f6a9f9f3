-- Drops history older than the retention.
--
-- $1 retention interval -> organization text, organization_id text, seq bigint, dropped bigint, carried bigint, answers_from timestamptz
select organization, pruned_from, seq, dropped, carried, answers_from
from prune_history($1::interval);
