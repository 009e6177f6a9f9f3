create table fleet_slot (
  slot       integer primary key,
  epoch      bigint not null default 0,
  holder     uuid,
  expires_at timestamptz
) with (fillfactor = 50);
comment on table fleet_slot is 'Which daemon sweeps which organizations: an organization''s slot is hashtextextended(NAME, 0) & 255';
comment on column fleet_slot.slot is '0 to 255';
comment on column fleet_slot.epoch is 'Raised by 1 by each daemon that takes the slot';
comment on column fleet_slot.holder is 'daemon_id of who has it; NULL: nobody';
comment on column fleet_slot.expires_at is 'By the database''s clock: without a heartbeat until then anybody may take it';
insert into fleet_slot (slot) select generate_series(0, 255);
