-- One row per state an account was in: a history row and the time at which the next one took over. A removed row ends the state before
-- it and is none. The windows read the index account_history_version in its own order, newest version first.
create or replace view account_version with (security_invoker = true) as
select
  state.organization_id, state.account_id, state.version, state.seq,
  state.observed_at as valid_from,
  state.next_observed_at as valid_to,
  state.next_observed_at is null as is_current,
  state.not_before as changed_after,
  state.type,
  json_text(state.document -> 'user_id') as user_id,
  json_text(state.document -> 'email') as email,
  state.send_status, state.receive_status, state.email_receive_status, state.calendar_receive_status,
  json_text(state.document -> 'latest_send_error') as latest_send_error,
  json_text(state.document -> 'latest_receive_error') as latest_receive_error,
  state.changed_fields, state.document
from (
  select
    past.*,
    lag(past.observed_at) over (partition by past.organization_id, past.account_id order by past.version desc) as next_observed_at
  from account_history as past
) as state
where state.change <> 'removed';
comment on view account_version is 'One row per state an account was in, with the time from which and until which it was seen so; none while it was removed';
comment on column account_version.organization_id is 'The organization';
comment on column account_version.account_id is 'The account';
comment on column account_version.version is 'The account''s states are numbered 1, 2, …; a removal takes a number and has no row';
comment on column account_version.seq is 'Position in the organization''s history';
comment on column account_version.valid_from is 'When this state was first seen';
comment on column account_version.valid_to is 'When another state, or the removal, was seen; NULL: it is still so';
comment on column account_version.is_current is 'The account is in this state now';
comment on column account_version.changed_after is 'The account came into this state after this time and not after valid_from; NULL: before anybody looked';
comment on column account_version.type is 'Close''s _type';
comment on column account_version.user_id is 'The owner; NULL after an erasure';
comment on column account_version.email is 'The address; NULL after an erasure';
comment on column account_version.send_status is 'ok, error, or another word of Close';
comment on column account_version.receive_status is 'ok, error, or another word of Close';
comment on column account_version.email_receive_status is 'ok, error, or another word of Close';
comment on column account_version.calendar_receive_status is 'ok, error, or another word of Close';
comment on column account_version.latest_send_error is 'Close''s text; may be NULL although send_status is error';
comment on column account_version.latest_receive_error is 'Close''s text; may be NULL although receive_status is error';
comment on column account_version.changed_fields is 'Top-level names that differ from the state before; {} for an account that was added';
comment on column account_version.document is 'All that Close said, secrets redacted; words only after an erasure';
