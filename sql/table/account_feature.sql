create table account_feature (
  organization_id text not null,
  account_id      text not null,
  feature         text not null,
  is_available    boolean not null,
  is_enabled      boolean not null,
  primary key (organization_id, account_id, feature)
);
comment on table account_feature is 'The features of an account: those available and those enabled';
comment on column account_feature.organization_id is 'The account''s organization';
comment on column account_feature.account_id is 'The account';
comment on column account_feature.feature is 'calendar_syncing, email_sending, email_syncing, …';
comment on column account_feature.is_available is 'Listed in available_features';
comment on column account_feature.is_enabled is 'Listed in enabled_features';
