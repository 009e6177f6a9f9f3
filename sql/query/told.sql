-- What a running daemon says in its /status.json, read here because PostgreSQL reads JSON: for `status`, of organizations that the database
-- does not know, for a failure before an organization is bound is written nowhere.
--
-- $1 status text (JSON) -> organization text (NAME), consecutive_failures bigint, error text; only those with an error
select
  told.organization ->> 'organization' as organization,
  (told.organization ->> 'consecutive_failures')::bigint as consecutive_failures,
  told.organization ->> 'error' as error
from jsonb_array_elements($1::text::jsonb -> 'organizations') as told (organization)
where told.organization ->> 'error' is not null;
