-- Gives the lock of migrate_lock back.
--
-- $1 schema text
select pg_advisory_unlock(hashtextextended('closesyncd migrate ' || $1::text, 0));
