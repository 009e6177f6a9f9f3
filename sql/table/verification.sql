create table verification (
  organization_id text primary key,
  verified_at     timestamptz not null,
  seq             bigint,
  hash            bytea,
  is_proven       boolean not null,
  problem         text
);
comment on table verification is 'The last result of verify --record, per organization';
comment on column verification.organization_id is 'The organization';
comment on column verification.verified_at is 'When the verification ended';
comment on column verification.seq is 'Position of the chain''s end then; NULL: there was no history';
comment on column verification.hash is 'hash of the chain''s end then';
comment on column verification.is_proven is 'Whether mirror, history and chain were one';
comment on column verification.problem is 'The first thing that was wrong; NULL: nothing was';
