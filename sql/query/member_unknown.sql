-- Whether an account names a user that table member does not know. `except` goes through both once; `not exists` would look up each account's.
--
-- $1 organization_id text, $2 user_id text (NULL: everybody) -> is_unknown boolean
select exists (
  select user_id
  from account
  where organization_id = $1::text
  and user_id is not null
  and ($2::text is null or user_id = $2)
  except
  select user_id
  from member
  where organization_id = $1) as is_unknown;
