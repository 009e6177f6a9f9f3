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
