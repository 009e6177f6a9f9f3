-- The temporary tables a sweep's transaction works in; made by a session's first one, empty again at every commit. They have no
-- index: emptying one would make the session plan its steps anew, and a step reads all of what it reads anyway.

-- One statement, so that it can be part of a pipeline.
do $$
begin

-- Documents of over two kilobytes are compressed, and lz4 takes a fifth of the time that the default takes. Who was built without it keeps
-- the default.
begin
  perform set_config('default_toast_compression', 'lz4', false);
exception when invalid_parameter_value then
  null;
end;

-- One row: what every step needs to know.
create temp table if not exists sweep_begun (
  organization_id text not null,
  sweep_id        bigint not null,
  started_at      timestamptz not null,
  observed_at     timestamptz not null,
  listed_at       timestamptz,
  complete_at     timestamptz,
  is_lost         boolean not null,
  volatile_fields text[] not null,
  excluded_fields text[] not null,
  digest_version  integer not null,
  verify          boolean not null,
  complete        boolean not null,
  is_first        boolean not null -- no table knows anything of the organization: there is nothing to look for
) on commit delete rows;

-- The same, and the planner knows that it is one row: all else is multiplied by it. Replacing it would make every step be planned anew.
if to_regclass('pg_temp.sweep_context') is null then
  create temp view sweep_context as
  select *
  from sweep_begun
  limit 1;
end if;

-- The documents of this batch as Close gave them. Kept plain and in the row, here and in standing: the steps look into each document
-- some forty times, and a compressed one would be unpacked forty times.
create temp table if not exists incoming (
  account_id       text not null,
  document         jsonb not null,
  raw_digest       bytea not null,
  canonical_digest bytea not null
) with (toast_tuple_target = 8160) on commit delete rows;

-- Where the accounts of this batch stand in the history, written by 20_history for the steps that follow; with the document, so that
-- they read one table.
create temp table if not exists standing (
  account_id    text not null,
  document      jsonb not null,
  other         jsonb not null,
  is_changed    boolean not null,
  first_seen_at timestamptz not null,
  changed_at    timestamptz not null
) with (toast_tuple_target = 8160) on commit delete rows;

-- What each step did: rows, or for account_history accounts; and, as 'repaired', each account whose mirror rows were put right without
-- history.
create temp table if not exists written (
  what       text not null,
  added      integer not null default 0,
  changed    integer not null default 0,
  removed    integer not null default 0,
  account_id text
) on commit delete rows;
end
$$;
