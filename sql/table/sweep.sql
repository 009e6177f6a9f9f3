create table sweep (
  organization_id text not null,
  sweep_id        bigint not null,
  started_at      timestamptz not null,
  finished_at     timestamptz not null,
  outcome         text not null,
  accounts        integer,
  added           integer not null default 0,
  changed         integer not null default 0,
  removed         integer not null default 0,
  rejected        integer not null default 0,
  repaired        integer not null default 0,
  requests        integer not null default 0,
  received_bytes  bigint not null default 0,
  attempts        integer not null default 1,
  error           text,
  rescoped        integer not null default 0,
  revision_id     uuid,
  primary key (organization_id, sweep_id)
) with (fillfactor = 70);
comment on table sweep is 'Every sweep that was not unchanged; a repeated identical outcome raises attempts of the row before instead';
comment on column sweep.organization_id is 'The organization';
comment on column sweep.sweep_id is '1, 2, 3, … per organization';
comment on column sweep.started_at is 'The database''s clock before the first request';
comment on column sweep.finished_at is 'The database''s clock at the end, of the last attempt';
comment on column sweep.outcome is 'changed, incomplete, guarded or failed';
comment on column sweep.accounts is 'Accounts listed; NULL when the listing failed';
comment on column sweep.added is 'Accounts added';
comment on column sweep.changed is 'Accounts changed';
comment on column sweep.removed is 'Accounts removed';
comment on column sweep.rejected is 'Entries set aside in rejected_account';
comment on column sweep.repaired is 'Accounts whose mirror rows differed from their document and were put right, without history';
comment on column sweep.requests is 'HTTP requests sent';
comment on column sweep.received_bytes is 'Bytes received, decompressed';
comment on column sweep.attempts is 'Sweeps in a row with this same outcome';
comment on column sweep.error is 'What went wrong; NULL when nothing did';
comment on column sweep.rescoped is 'Accounts written down under another sync.exclude_fields';
comment on column sweep.revision_id is 'organization.revision_id that it made; NULL: it wrote nothing of mirror or history';
