-- Makes the schema under the migration lock. A name cannot be a parameter of a utility statement: format() quotes it, and
-- the statement it returns is what to send.
--
-- $1 schema text -> statement text
select format('create schema if not exists %I', $1::text) as statement;
