-- Takes the session's advisory lock of that name in this schema, if nobody has it.
--
-- $1 name text -> got boolean
select pg_try_advisory_lock(hashtextextended($1::text, hashtext(current_schema))) as got;
