create table erasure (
  organization_id text not null,
  erasure_id      bigint not null,
  erased_at       timestamptz not null,
  erased_by       text not null,
  reason          text,
  account_ids     text[] not null,
  seqs            bigint[] not null,
  tombstones      bytea[],
  previous_hash   bytea not null,
  hash            bytea not null,
  transaction_id  xid8 not null default pg_current_xact_id(),
  primary key (organization_id, erasure_id)
);
comment on table erasure is 'Every erasure from the history, append only, each row chained to the one before by its hash';
comment on column erasure.organization_id is 'The organization';
comment on column erasure.erasure_id is '1, 2, 3, … per organization, without gaps';
comment on column erasure.erased_at is 'When';
comment on column erasure.erased_by is 'The database role that asked for it';
comment on column erasure.reason is 'Why, in its words';
comment on column erasure.account_ids is 'The accounts whose documents were erased';
comment on column erasure.seqs is 'The history rows whose documents became tombstones, sorted';
comment on column erasure.tombstones is 'Of each of these rows tombstone_digest(what is left of the document)';
comment on column erasure.previous_hash is 'hash of the erasure before; 32 zero bytes at the first';
comment on column erasure.hash is 'sha256(previous_hash || erasure_link(…) in UTF-8)';
comment on column erasure.transaction_id is 'The transaction that erased';

create trigger append_only before update or delete or truncate on erasure
  for each statement execute function history_refuse();
