create table organization (
  organization_id      text primary key,
  name                 text not null unique,
  principal_id         text,
  user_id              text,
  revision             bigint not null default 0,
  revision_id          uuid not null default gen_random_uuid(),
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
  also_named           text[] not null default '{}',
  sweep_interval       interval,
  flush_interval       interval,
  excluded_fields      text[],
  skipped_turns        integer not null default 0,
  skipped_at           timestamptz
) with (fillfactor = 70);
comment on table organization is 'A mirrored Close organization: who looks at it, how far the mirror is, how it fares';
comment on column organization.organization_id is 'Close''s id of the organization (orga_…)';
comment on column organization.name is 'NAME of its section in the configuration';
comment on column organization.principal_id is 'The user the API key acts as; another one sees other accounts';
comment on column organization.user_id is 'The configured filter: only this user''s accounts are mirrored; NULL = everybody''s';
comment on column organization.revision is 'Raised by 1 in every transaction that writes this organization''s mirror or history';
comment on column organization.revision_id is 'Names the revision: random, made anew with each. After a fail-over or a restore another writer may bring the same number back, never the same name';
comment on column organization.last_swept_at is 'started_at of the last complete sweep';
comment on column organization.listed_at is 'started_at of the last sweep with a listing, complete or not';
comment on column organization.last_changed_at is 'observed_at of the newest history row';
comment on column organization.last_verified_at is 'started_at of the last complete sweep that compared every row';
comment on column organization.consecutive_failures is 'Failed and incomplete sweeps since the last good one';
comment on column organization.last_outcome is 'Outcome of the last recorded sweep: unchanged, changed, incomplete, guarded, failed';
comment on column organization.last_error is 'What the last sweep failed on; NULL after a good one';
comment on column organization.outcome_at is 'started_at of the sweep that last_outcome, last_error and consecutive_failures tell of last';
comment on column organization.digest_version is 'Version of the canonical form that account_digest was made with; NULL: not of one form, the next sweep verifies';
comment on column organization.volatile_fields is 'sync.volatile_fields that account_digest was made with';
comment on column organization.also_named is 'Other NAMEs in the configuration that turned out to mean this organization';
comment on column organization.sweep_interval is 'How often it is swept, as configured; NULL: no daemon has told yet';
comment on column organization.flush_interval is 'sync.flush_interval, as configured: how old last_swept_at may be for that reason alone';
comment on column organization.excluded_fields is 'sync.exclude_fields of the last complete sweep; NULL: none was complete since this was recorded';
comment on column organization.skipped_turns is 'Turns in a row that a daemon skipped because another process had the lock';
comment on column organization.skipped_at is 'When it skipped the last one; NULL: it never did';
