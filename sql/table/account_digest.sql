create table account_digest (
  organization_id  text not null,
  account_id       text not null,
  raw_digest       bytea not null,
  canonical_digest bytea not null,
  seen_at          timestamptz,
  excluded_fields  text[] not null default '{}',
  primary key (organization_id, account_id)
);
create index account_digest_unseen on account_digest (organization_id) where seen_at is not null;
comment on table account_digest is 'What the daemon compares a listing with, so that an unchanged account is neither parsed nor written';
comment on column account_digest.organization_id is 'The organization';
comment on column account_digest.account_id is 'The account';
comment on column account_digest.raw_digest is 'SHA-256 of the bytes Close sent';
comment on column account_digest.canonical_digest is 'SHA-256 of the canonical document without volatile fields';
comment on column account_digest.seen_at is 'NULL: the last listing (organization.listed_at) showed it; else started_at of the last listing that did';
comment on column account_digest.excluded_fields is 'sync.exclude_fields under which the account was taken last: what its newest document may lack';
