create table account_mail_server (
  organization_id text not null,
  account_id      text not null,
  protocol        text not null,
  host            text,
  port            integer,
  use_ssl         boolean,
  username        text,
  date_updated    timestamptz,
  primary key (organization_id, account_id, protocol)
);
comment on table account_mail_server is 'The mail servers of an account';
comment on column account_mail_server.organization_id is 'The account''s organization';
comment on column account_mail_server.account_id is 'The account';
comment on column account_mail_server.protocol is 'smtp (sending) or imap (receiving)';
comment on column account_mail_server.host is 'Host name';
comment on column account_mail_server.port is 'TCP port';
comment on column account_mail_server.use_ssl is 'Whether the connection is encrypted';
comment on column account_mail_server.username is 'Login name; may be neither the account''s nor an identity''s address';
comment on column account_mail_server.date_updated is 'When Close says these settings changed';
