-- Everything that is wrong with one organization's history or mirror, in one snapshot; no row: proven.
--
-- $1 organization_id text -> what text (history, or a table of the mirror), seq bigint, account_id text, problem text
select 'history' as what, seq, account_id, problem
from verify_history($1::text)
union all
select table_name, null, account_id, problem
from verify_mirror($1)
union all
select 'organization', null, null, 'its row is gone'
where not exists (select from organization where organization_id = $1);
