-- Dates the accounts that this listing did not show and that are not removed: last seen by the listing before ('-infinity': when that was
-- is not known). All others were shown.
--
-- $1 text[]: account_ids stored, not shown, not removed
with unseen as materialized (
  select unnest($1::text[]) as account_id
), updated as (
  update account_digest
  set seen_at = case when account_id in (select account_id from unseen) then coalesce(context.listed_at, '-infinity') end
  from sweep_context as context
  where account_digest.organization_id = context.organization_id
  and (account_digest.seen_at is null) = (account_digest.account_id in (select account_id from unseen))
  returning account_id
)
insert into written (what, added, changed, removed)
select 'account_digest', 0, count(*), 0
from updated
returning what, added, changed, removed;
