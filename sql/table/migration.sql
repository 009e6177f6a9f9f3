create table migration (
  version            integer primary key,
  name               text not null,
  checksum           text not null,
  applied_at         timestamptz not null default clock_timestamp(),
  functions_checksum text,
  functions          text[]
);
comment on table migration is 'Which migrations made this schema, and which functions and views stand on it';
comment on column migration.version is 'Number in front of the file''s name';
comment on column migration.name is 'The file''s name without number and ending';
comment on column migration.checksum is 'Hex SHA-256 of the file as it was applied; an edited one is refused';
comment on column migration.applied_at is 'When it was applied';
comment on column migration.functions_checksum is 'Hex SHA-256 of the functions and views that were applied last; the newest row that has one tells';
comment on column migration.functions is 'These functions and views: what is gone from the next closesyncd''s source is dropped then';
