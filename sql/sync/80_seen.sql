-- Dates the accounts that this listing did not show and that are not removed: last seen by the listing before ('-infinity': when that was
-- is not known). All others were shown.
-- Both are looked up: those that are unseen now by the key, those that were by the index of the unseen.
--
-- $1 text[]: account_ids stored, not shown, not removed
with unseen as materialized (
  select unnest($1::text[]) as account_id
), lost as (
  update account_digest
  set seen_at = coalesce(context.listed_at, '-infinity')
  from sweep_context as context
  where account_digest.organization_id = (select organization_id from sweep_context)
  and account_digest.account_id = any ($1)
  and account_digest.seen_at is null
  returning account_id
), found as (
  update account_digest
  set seen_at = null
  from sweep_context as context
  where account_digest.organization_id = (select organization_id from sweep_context)
  and account_digest.seen_at is not null
  and account_digest.account_id not in (select account_id from unseen)
  returning account_id
)
insert into written (what, added, changed, removed)
select 'account_digest', 0, (select count(*) from lost) + (select count(*) from found), 0
returning what, added, changed, removed;
