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
comment on column field_drift.path is 'The field: email, smtp.port, available_calendars[].name; over 500 bytes its head and a hash; of a key that is an address …@…';
comment on column field_drift.json_type is 'jsonb_typeof of the value';
comment on column field_drift.first_seen_at is 'started_at of the first sweep that saw it';
comment on column field_drift.last_seen_at is 'started_at of the last recorded sweep that saw it';
