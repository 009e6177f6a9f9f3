-- The tables. What Close says now (account and its children), what it ever said (account_history), when somebody
-- was looking (sweep, coverage), and what could not be taken as it came (rejected_account, field_drift).
-- Text for open sets: no enum, no CHECK on what Close says. Every key begins with organization_id. No foreign keys:
-- the steps of a sweep write children and parents from one document in one transaction.

create table migration (
  version    integer primary key,
  name       text not null,
  checksum   text not null,
  applied_at timestamptz not null default clock_timestamp()
);
comment on table migration is 'Which migrations made this schema';
comment on column migration.version is 'Number in front of the file''s name';
comment on column migration.name is 'The file''s name without number and ending';
comment on column migration.checksum is 'Hex SHA-256 of the file as it was applied; an edited one is refused';
comment on column migration.applied_at is 'When it was applied';

create table organization (
  organization_id      text primary key,
  name                 text not null unique,
  principal_id         text,
  user_id              text,
  revision             bigint not null default 0,
  last_swept_at        timestamptz,
  listed_at            timestamptz,
  last_changed_at      timestamptz,
  last_verified_at     timestamptz,
  consecutive_failures integer not null default 0,
  last_outcome         text,
  last_error           text,
  outcome_at           timestamptz,
  digest_version       integer,
  volatile_fields      text[] not null default '{}',
  also_named           text[] not null default '{}'
) with (fillfactor = 70);
comment on table organization is 'A mirrored Close organization: who looks at it, how far the mirror is, how it fares';
comment on column organization.organization_id is 'Close''s id of the organization (orga_…)';
comment on column organization.name is 'NAME of its section in the configuration';
comment on column organization.principal_id is 'The user the API key acts as; another one sees other accounts';
comment on column organization.user_id is 'The configured filter: only this user''s accounts are mirrored; NULL = everybody''s';
comment on column organization.revision is 'Raised by 1 in every transaction that writes this organization''s mirror or history';
comment on column organization.last_swept_at is 'started_at of the last complete sweep';
comment on column organization.listed_at is 'started_at of the last sweep with a listing, complete or not';
comment on column organization.last_changed_at is 'observed_at of the newest history row';
comment on column organization.last_verified_at is 'started_at of the last complete sweep that compared every row';
comment on column organization.consecutive_failures is 'Failed and incomplete sweeps since the last good one';
comment on column organization.last_outcome is 'Outcome of the last recorded sweep: unchanged, changed, incomplete, guarded, failed';
comment on column organization.last_error is 'What the last sweep failed on; NULL after a good one';
comment on column organization.outcome_at is 'started_at of the sweep that last_outcome, last_error and consecutive_failures tell of last';
comment on column organization.digest_version is 'Version of the canonical form that account_digest was made with';
comment on column organization.volatile_fields is 'sync.volatile_fields that account_digest was made with';
comment on column organization.also_named is 'Other NAMEs in the configuration that turned out to mean this organization';

create table account (
  organization_id              text not null,
  account_id                   text not null,
  type                         text,
  user_id                      text,
  email                        text,
  date_created                 timestamptz,
  default_identity_email       text,
  default_identity_name        text,
  send_status                  text,
  receive_status               text,
  email_receive_status         text,
  calendar_receive_status      text,
  latest_send_error            text,
  latest_receive_error         text,
  is_imap_archive_sync_enabled boolean,
  sync_all_calendars           boolean,
  has_meeting_creation_scopes  boolean,
  zoom_account_plan            text,
  calendly                     jsonb,
  lead_suggestions_updated_at  timestamptz,
  other                        jsonb not null default '{}',
  first_seen_at                timestamptz not null,
  changed_at                   timestamptz not null,
  primary key (organization_id, account_id)
);
comment on table account is 'The connected accounts Close has now, one row each; a removed account is in account_history only';
comment on column account.organization_id is 'The organization it was listed in';
comment on column account.account_id is 'Close''s id of the account (emailacct_…)';
comment on column account.type is 'Close''s _type: google, microsoft, custom_email, zoom, calendly, or what comes next';
comment on column account.user_id is 'Owner (user_…); may have left the organization';
comment on column account.email is 'Address of the account';
comment on column account.date_created is 'When Close says it was connected';
comment on column account.default_identity_email is 'Address of the default identity';
comment on column account.default_identity_name is 'Display name of the default identity';
comment on column account.send_status is 'Close''s word on sending: ok, error, initial, …';
comment on column account.receive_status is 'Close''s word on receiving, mail and calendar together';
comment on column account.email_receive_status is 'Close''s word on receiving mail';
comment on column account.calendar_receive_status is 'Close''s word on receiving calendars';
comment on column account.latest_send_error is 'Text of the last error in sending; may be NULL though the status is error';
comment on column account.latest_receive_error is 'Text of the last error in receiving; may be NULL though the status is error';
comment on column account.is_imap_archive_sync_enabled is 'Whether the mail archive is synced too';
comment on column account.sync_all_calendars is 'Whether every calendar is synced; NULL for types without calendars';
comment on column account.has_meeting_creation_scopes is 'Whether Close may create meetings';
comment on column account.zoom_account_plan is 'Plan of a Zoom account';
comment on column account.calendly is 'What Close says about a Calendly account, as it says it';
comment on column account.lead_suggestions_updated_at is 'When lead suggestions were computed; volatile: current as of the account''s last change or the last verifying sweep';
comment on column account.other is 'What no column takes, by top-level name or path (smtp.foo); below a path with [] an array of the values; {} when there is nothing';
comment on column account.first_seen_at is 'observed_at of the history row that added it (of the present stay)';
comment on column account.changed_at is 'observed_at of its newest history row';

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

create table account_mail_server (
  organization_id text not null,
  account_id      text not null,
  protocol        text not null,
  host            text,
  port            integer,
  use_ssl         boolean,
  username        text,
  date_updated    timestamptz,
  primary key (organization_id, account_id, protocol)
);
comment on table account_mail_server is 'The mail servers of an account';
comment on column account_mail_server.organization_id is 'The account''s organization';
comment on column account_mail_server.account_id is 'The account';
comment on column account_mail_server.protocol is 'smtp (sending) or imap (receiving)';
comment on column account_mail_server.host is 'Host name';
comment on column account_mail_server.port is 'TCP port';
comment on column account_mail_server.use_ssl is 'Whether the connection is encrypted';
comment on column account_mail_server.username is 'Login name; may be neither the account''s nor an identity''s address';
comment on column account_mail_server.date_updated is 'When Close says these settings changed';

create table account_calendar (
  organization_id text not null,
  account_id      text not null,
  calendar_id     text not null,
  name            text,
  status          text,
  is_default      boolean,
  is_available    boolean not null,
  is_synced       boolean,
  primary key (organization_id, account_id, calendar_id)
);
comment on table account_calendar is 'The calendars of an account: those available and those synced';
comment on column account_calendar.organization_id is 'The account''s organization';
comment on column account_calendar.account_id is 'The account';
comment on column account_calendar.calendar_id is 'The calendar''s id, often an address; empty where Close gives none';
comment on column account_calendar.name is 'Its name; NULL for one that is synced but not available';
comment on column account_calendar.status is 'Close''s word on it: ok, …';
comment on column account_calendar.is_default is 'The account''s default calendar; NULL where Close does not say, as for one that is synced but not available';
comment on column account_calendar.is_available is 'Listed in available_calendars';
comment on column account_calendar.is_synced is 'Listed in synced_calendars; where that list is absent, the calendar''s own synced; NULL where Close says neither';

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
  primary key (organization_id, seq)
);
-- One index for two promises: a version is given once, and the state at any time is found without the heap.
create unique index account_history_version on account_history (organization_id, account_id, version desc)
  include (observed_at, change, seq);
comment on table account_history is 'Every change ever seen, append only, each row chained to the one before by its hash';
comment on column account_history.organization_id is 'The organization';
comment on column account_history.seq is 'Position in the organization''s history: 1, 2, 3, … without gaps';
comment on column account_history.account_id is 'The account that changed';
comment on column account_history.version is 'Position in the account''s own history: 1, 2, …; goes on when a removed account comes back';
comment on column account_history.change is 'added, changed or removed';
comment on column account_history.not_before is 'The change happened after this time; NULL for what the first complete sweep found';
comment on column account_history.observed_at is 'The change was seen at this time; never goes back within an organization';
comment on column account_history.document is 'All that Close said from then on, canonical, secrets redacted; NULL when removed';
comment on column account_history.changed_fields is 'Top-level names that differ from the version before, sorted, without volatile ones; {} for added and removed';
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

create table account_digest (
  organization_id  text not null,
  account_id       text not null,
  raw_digest       bytea not null,
  canonical_digest bytea not null,
  seen_at          timestamptz,
  primary key (organization_id, account_id)
);
create index account_digest_unseen on account_digest (organization_id) where seen_at is not null;
comment on table account_digest is 'What the daemon compares a listing with, so that an unchanged account is neither parsed nor written';
comment on column account_digest.organization_id is 'The organization';
comment on column account_digest.account_id is 'The account';
comment on column account_digest.raw_digest is 'SHA-256 of the bytes Close sent';
comment on column account_digest.canonical_digest is 'SHA-256 of the canonical document without volatile fields';
comment on column account_digest.seen_at is 'NULL: the last listing (organization.listed_at) showed it; else started_at of the last listing that did';

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

create table coverage (
  organization_id text not null,
  from_at         timestamptz not null,
  until_at        timestamptz not null,
  sweeps          bigint not null,
  longest_gap     interval not null default '0',
  pending_gap     interval not null default '0',
  first_ended_at  timestamptz,
  primary key (organization_id, from_at)
) with (fillfactor = 70);
comment on table coverage is 'The spans in which complete listings followed one another: no state that lasted longer than longest_gap went unseen';
comment on column coverage.organization_id is 'The organization';
comment on column coverage.from_at is 'started_at of the first complete sweep of the span';
comment on column coverage.until_at is 'started_at of its last complete sweep; or from_at of the span after it, which counts that sweep: the two are one stretch';
comment on column coverage.sweeps is 'Complete sweeps in it';
comment on column coverage.longest_gap is 'The longest a state could have lasted within the span and gone unseen';
comment on column coverage.pending_gap is 'End of the last listing minus started_at of the sweep before it; enters longest_gap when the span goes on';
comment on column coverage.first_ended_at is 'End of the listing of the first sweep of the span: between two spans a state can hide until then (NULL: from_at is taken)';

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

create table field_drift (
  organization_id text not null,
  path            text not null,
  json_type       text not null,
  first_seen_at   timestamptz not null,
  last_seen_at    timestamptz not null,
  primary key (organization_id, path, json_type)
);
comment on table field_drift is 'Fields and types in Close''s answers that closesyncd does not know: a sign that Close changed something';
comment on column field_drift.organization_id is 'The organization';
comment on column field_drift.path is 'The field: email, smtp.port, available_calendars[].name; over 500 bytes its head and a hash';
comment on column field_drift.json_type is 'jsonb_typeof of the value';
comment on column field_drift.first_seen_at is 'started_at of the first sweep that saw it';
comment on column field_drift.last_seen_at is 'started_at of the last recorded sweep that saw it';
