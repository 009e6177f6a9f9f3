-- Waits for the lock under which migrations run; taken before the schema is there, so that two starting at once are normal.
--
-- $1 schema text
select pg_advisory_lock(hashtextextended('closesyncd migrate ' || $1::text, 0));
