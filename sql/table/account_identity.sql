create table account_identity (
  organization_id text not null,
  account_id      text not null,
  email           text not null,
  name            text not null,
  is_default      boolean not null,
  primary key (organization_id, account_id, email, name)
);
comment on table account_identity is 'The identities an account can send as';
comment on column account_identity.organization_id is 'The account''s organization';
comment on column account_identity.account_id is 'The account';
comment on column account_identity.email is 'Address; empty where Close gives none';
comment on column account_identity.name is 'Display name; empty where Close gives none';
comment on column account_identity.is_default is 'Equals the account''s default_identity';
