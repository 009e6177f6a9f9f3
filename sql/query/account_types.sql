-- How many accounts of which type the mirror of one organization holds; one row with a NULL type when there is none.
--
-- $1 name text -> name text, type text, accounts bigint, row_number bigint
select organization.name, account.type, count(account.account_id) as accounts, row_number() over () as row_number
from organization
left join account using (organization_id)
where organization.name = $1::text
group by organization.name, account.type;
