create table fleet_daemon (
  daemon_id            uuid primary key,
  member               text not null,
  configuration_digest bytea not null,
  backend_pids         integer[] not null,
  backend_starts       timestamptz[] not null,
  expires_at           timestamptz not null
) with (fillfactor = 50);
comment on table fleet_daemon is 'The daemons that share the organizations, one row for each process that lives';
comment on column fleet_daemon.daemon_id is 'Random, new with each process';
comment on column fleet_daemon.member is 'fleet.member of its configuration: a label for people';
comment on column fleet_daemon.configuration_digest is 'SHA-256 of its NAMEs and settings: daemons with different ones do not agree on the work';
comment on column fleet_daemon.backend_pids is 'Its sessions, that of the advisory locks among them: when it is gone, who notices ends them';
comment on column fleet_daemon.backend_starts is 'When those sessions began, in the same order; tells a reused pid';
comment on column fleet_daemon.expires_at is 'By the database''s clock: without a heartbeat until then it counts as gone';
