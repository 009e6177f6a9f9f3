-- Whether anything at all knows a user, an account or an organization that was to be erased and had nothing to erase: history, rejected
-- entries, pruned accounts, members; of one organization, when one is given too.
--
-- $1 user_id text, $2 account_id text, $3 organization_id text -> known boolean
select
  case
    when $1::text is not null then
      exists (
        select from account_history
        where json_text(document -> 'user_id') = $1
        and ($3::text is null or organization_id = $3))
      or exists (
        select from rejected_account
        where json_text(document -> 'user_id') = $1
        and ($3 is null or organization_id = $3))
      or exists (
        select from member
        where user_id = $1
        and ($3 is null or organization_id = $3))
    when $2::text is not null then
      exists (
        select from account_history
        where account_id = $2
        and ($3 is null or organization_id = $3))
      or exists (
        select from rejected_account
        where account_id = $2
        and ($3 is null or organization_id = $3))
      or exists (
        select from pruned_account
        where account_id = $2
        and ($3 is null or organization_id = $3))
    else exists (select from organization where organization_id = $3)
  end as known;
