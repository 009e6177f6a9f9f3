-- Whether an account names a user that table member does not know.
--
-- $1 organization_id text, $2 user_id text (NULL: everybody) -> is_unknown boolean
select exists (
  select
  from account
  where account.organization_id = $1::text
  and account.user_id is not null
  and ($2::text is null or account.user_id = $2)
  and not exists (
    select
    from member
    where member.organization_id = account.organization_id
    and member.user_id = account.user_id)) as is_unknown;
