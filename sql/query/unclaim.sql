-- Forgets the NAMEs that claimed this organization, but for those still in the configuration.
--
-- $1 organization_id text, $2 text[]: names that still claim it ({} forgets all) -> also_named text[]; no row: nothing to forget
update organization
set also_named = array(
    select name
    from unnest(also_named) as name
    where name = any ($2::text[]))
where organization_id = $1::text
and not also_named <@ $2
returning also_named;
