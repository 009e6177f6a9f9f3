create table history_anchor (
  organization_id text not null,
  seq             bigint not null,
  hash            bytea not null,
  carried_hash    bytea not null,
  dropped         bigint not null,
  anchored_at     timestamptz not null,
  answers_from    timestamptz not null,
  transaction_id  xid8 not null default pg_current_xact_id(),
  primary key (organization_id, seq)
);
comment on table history_anchor is 'Every pruning of the history, append only; the newest one is where the gapless part begins';
comment on column history_anchor.organization_id is 'The organization';
comment on column history_anchor.seq is 'Rows up to this one were dropped, but for the newest row of each account alive then (the carried ones)';
comment on column history_anchor.hash is 'hash of the row at seq: previous_hash of the next one';
comment on column history_anchor.carried_hash is 'sha256 over the carried rows'' hashes in the order of seq';
comment on column history_anchor.dropped is 'How many rows this pruning dropped';
comment on column history_anchor.anchored_at is 'When';
comment on column history_anchor.answers_from is 'The first time that time travel can still answer for: observed_at of the row at seq';
comment on column history_anchor.transaction_id is 'The transaction that pruned';

create trigger append_only before update or delete or truncate on history_anchor
  for each statement execute function history_refuse();
