create table rejected_account (
  organization_id text not null,
  fingerprint     text not null,
  account_id      text,
  reason          text not null,
  document        jsonb,
  first_seen_at   timestamptz not null,
  last_seen_at    timestamptz not null,
  primary key (organization_id, fingerprint)
);
comment on table rejected_account is 'Entries of the listing that could not be taken; gone with the first complete listing without them';
comment on column rejected_account.organization_id is 'The organization';
comment on column rejected_account.fingerprint is 'Hex SHA-256 of the entry';
comment on column rejected_account.account_id is 'Its id, where it has a usable one';
comment on column rejected_account.reason is 'Why it was set aside';
comment on column rejected_account.document is 'The entry, secrets redacted; NULL where jsonb cannot hold it';
comment on column rejected_account.first_seen_at is 'started_at of the first sweep that saw it';
comment on column rejected_account.last_seen_at is 'started_at of the last recorded sweep that saw it';
