-- Who may send as which address, whether that works now, and through which server: a row per identity.
create or replace view account_sender with (security_invoker = true) as
select
  identity.organization_id, identity.account_id, identity.email as sends_as, identity.name,
  case
    when not 'default_identity' = any (coalesce(account_digest.excluded_fields, organization.excluded_fields, '{}')) then identity.is_default
  end as is_default,
  account.user_id, account.type, account.email as account_email, account.send_status,
  coalesce(feature.is_enabled, false) as is_sending_enabled,
  coalesce(account.send_status = 'ok' and feature.is_enabled, false) as can_send,
  smtp.host as smtp_host, smtp.port as smtp_port, smtp.use_ssl as smtp_use_ssl
from account_identity as identity
join organization on organization.organization_id = identity.organization_id
join account on account.organization_id = identity.organization_id and account.account_id = identity.account_id
left join account_digest
  on account_digest.organization_id = identity.organization_id
  and account_digest.account_id = identity.account_id
left join account_feature as feature
  on feature.organization_id = identity.organization_id
  and feature.account_id = identity.account_id
  and feature.feature = 'email_sending'
left join account_mail_server as smtp
  on smtp.organization_id = identity.organization_id
  and smtp.account_id = identity.account_id
  and smtp.protocol = 'smtp';
comment on view account_sender is 'One row per address an account can send as: whose it is, whether sending works now, through which server';
comment on column account_sender.organization_id is 'The organization';
comment on column account_sender.account_id is 'The account';
comment on column account_sender.sends_as is 'The address in From; empty where Close gives none';
comment on column account_sender.name is 'The name beside it; empty where Close gives none';
comment on column account_sender.is_default is 'Equals the account''s default identity; NULL: not asked for (sync.exclude_fields)';
comment on column account_sender.user_id is 'The owner''s id';
comment on column account_sender.type is 'Close''s _type';
comment on column account_sender.account_email is 'The account''s own address';
comment on column account_sender.send_status is 'ok, error, or another word of Close';
comment on column account_sender.is_sending_enabled is 'The feature email_sending is enabled';
comment on column account_sender.can_send is 'send_status is ok and email_sending is enabled: without both Close does not send';
comment on column account_sender.smtp_host is 'Server it sends through; NULL: none told';
comment on column account_sender.smtp_port is 'Its port';
comment on column account_sender.smtp_use_ssl is 'Whether with TLS';
