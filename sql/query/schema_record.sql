-- The end of the script that applies functions and views: drops those that an earlier closesyncd applied and that are gone from the
-- source, and remembers the names of the present ones. All of the source was applied in this transaction, so what the transaction did not
-- touch is gone. What somebody else made in the schema stays. What somebody else's view or function depends on stays too, and is tried
-- again the next time. Runs in the schema.
do $$
declare
  known text[] := (
    select functions
    from migration
    where functions is not null
    order by version desc
    limit 1);
  present text[];
  gone text[];
  name text;
  is_dropped boolean := true;
begin
  select array_agg(object.name order by object.name) filter (where is_applied),
    coalesce(array_agg(object.name) filter (where not is_applied and object.name = any (known)), '{}')
  into present, gone
  from (
    select format('routine %I(%s)', proname, pg_get_function_identity_arguments(oid)), xmin = pg_current_xact_id()::xid
    from pg_proc
    where pronamespace = (select oid from pg_namespace where nspname = current_schema)
    union all
    select format('view %I', relname), rule.xmin = pg_current_xact_id()::xid
    from pg_class
    join pg_rewrite as rule on rule.ev_class = pg_class.oid
    where relnamespace = (select oid from pg_namespace where nspname = current_schema)
    and relkind = 'v'
  ) as object (name, is_applied);
  while is_dropped loop -- one that goes may have stood on another one
    is_dropped := false;
    foreach name in array gone loop
      begin
        execute 'drop ' || name;
        gone := array_remove(gone, name);
        is_dropped := true;
      exception when dependent_objects_still_exist then
        null;
      end;
    end loop;
  end loop;
  update migration
  set functions = present || gone
  where version = (select max(version) from migration);
end
$$;
