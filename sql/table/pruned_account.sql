create table pruned_account (
  organization_id text not null,
  account_id      text not null,
  version         integer not null,
  primary key (organization_id, account_id)
);
comment on table pruned_account is 'Removed accounts of which pruning left no row: should one return, its versions go on';
comment on column pruned_account.organization_id is 'The organization';
comment on column pruned_account.account_id is 'The account';
comment on column pruned_account.version is 'Version of its last row, which was dropped';
