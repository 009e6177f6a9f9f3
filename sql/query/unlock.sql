-- Gives the session's advisory lock of that name back; false: it was not ours.
--
-- $1 name text -> released boolean
select pg_advisory_unlock(hashtextextended($1::text, hashtext(current_schema))) as released;
