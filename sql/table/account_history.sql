create table account_history (
  organization_id         text not null,
  seq                     bigint not null,
  account_id              text not null,
  version                 integer not null,
  change                  text not null,
  not_before              timestamptz,
  observed_at             timestamptz not null,
  document                jsonb,
  changed_fields          text[] not null,
  sweep_id                bigint not null,
  document_salt           bytea,
  document_digest         bytea,
  hash_version            smallint not null,
  previous_hash           bytea not null,
  hash                    bytea not null,
  send_status             text generated always as (case jsonb_typeof(document -> 'send_status') when 'string' then document ->> 'send_status' end) stored,
  receive_status          text generated always as (case jsonb_typeof(document -> 'receive_status') when 'string' then document ->> 'receive_status' end) stored,
  email_receive_status    text generated always as (case jsonb_typeof(document -> 'email_receive_status') when 'string' then document ->> 'email_receive_status' end) stored,
  calendar_receive_status text generated always as (case jsonb_typeof(document -> 'calendar_receive_status') when 'string' then document ->> 'calendar_receive_status' end) stored,
  type                    text generated always as (case jsonb_typeof(document -> '_type') when 'string' then document ->> '_type' end) stored,
  other                   jsonb generated always as (other_of(document)) stored,
  primary key (organization_id, seq)
);
-- One index for two promises: a version is given once, and the state at any time and its outages are found without the heap.
create unique index account_history_version on account_history (organization_id, account_id, version desc)
  include (observed_at, change, seq, send_status, receive_status, email_receive_status, calendar_receive_status, type, not_before);
create index account_history_time on account_history (organization_id, observed_at);
comment on table account_history is 'Every change ever seen, append only, each row chained to the one before by its hash';
comment on column account_history.organization_id is 'The organization';
comment on column account_history.seq is 'Position in the organization''s history: 1, 2, 3, … without gaps';
comment on column account_history.account_id is 'The account that changed';
comment on column account_history.version is 'Position in the account''s own history: 1, 2, …; goes on when a removed account comes back';
comment on column account_history.change is 'added, changed, removed, or rescoped: the same document under another sync.exclude_fields';
comment on column account_history.not_before is 'The change happened after this time; NULL for what the first complete sweep found';
comment on column account_history.observed_at is 'The change was seen at this time; never goes back within an organization';
comment on column account_history.document is 'All that Close said from then on, canonical, secrets redacted; NULL when removed';
comment on column account_history.changed_fields is 'Top-level names that differ from the version before, sorted; of changed without volatile ones, of rescoped those that one sync.exclude_fields alone asks for; {} for added and removed';
comment on column account_history.sweep_id is 'The sweep that saw it';
comment on column account_history.document_salt is '32 random bytes, so that an erased document cannot be guessed from its digest; NULL when erased (a removed row has no document to erase, and keeps it)';
comment on column account_history.document_digest is 'sha256(document_salt || document as text in UTF-8); NULL when removed';
comment on column account_history.hash_version is 'Which formula made the hash (see history_link)';
comment on column account_history.previous_hash is 'hash of the row before; 32 zero bytes at seq 1';
comment on column account_history.hash is 'sha256(previous_hash || history_link(…) in UTF-8)';
comment on column account_history.send_status is 'From the document';
comment on column account_history.receive_status is 'From the document';
comment on column account_history.email_receive_status is 'From the document';
comment on column account_history.calendar_receive_status is 'From the document';
comment on column account_history.type is 'From the document: its _type';
comment on column account_history.other is 'From the document: what no column of account takes; NULL when removed';

create trigger gapless after insert on account_history
  referencing new table as became
  for each statement execute function history_refuse_insert();
create trigger append_only_update after update on account_history
  referencing old table as was new table as became
  for each statement execute function history_refuse_update();
create trigger append_only_delete after delete on account_history
  referencing old table as was
  for each statement execute function history_refuse_delete();
create trigger append_only_truncate before truncate on account_history
  for each statement execute function history_refuse();
