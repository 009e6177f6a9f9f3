-- Records an applied migration, in its own transaction.
--
-- $1 version integer, $2 name text, $3 checksum text
insert into migration (version, name, checksum)
values ($1::integer, $2::text, $3::text);
