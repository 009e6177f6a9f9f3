-- An anchor opens the history to the pruning it tells of and to no other, and what it says is proven by what is left.
\ir record.psql
\set doc '{"_type": "google", "id": "a", "email": "a@x"}'
select pg_temp.record('o', account, timestamptz '2026-01-01' + n * interval '1 day', case account when 'a' then :'doc'::jsonb || jsonb_build_object('n', n) end)
from (values (0, 'a'), (1, 'a'), (2, 'a'), (3, 'a')) as row (n, account);
-- Of p: a stays, b is gone, c comes after.
select pg_temp.record('p', account, timestamptz '2026-01-01' + n * interval '1 day', case when n <> 3 then :'doc'::jsonb || jsonb_build_object('n', n) end)
from (values (0, 'b'), (1, 'a'), (2, 'a'), (3, 'b'), (4, 'c'), (5, 'a')) as row (n, account);

-- An anchor as prune_history would write it, for a pruning that keeps these rows.
create procedure pg_temp.anchor(organization text, place bigint, kept bigint[], answers_from timestamptz default null, wrong text default '') language sql as $$
  insert into history_anchor (organization_id, seq, hash, carried_hash, dropped, anchored_at, answers_from)
  select organization, place, case when wrong = 'hash' then sha256('x') else hash end,
    case when wrong = 'carried' then sha256('x') else sha256((select coalesce(string_agg(hash, '' order by seq), '') from account_history where organization_id = organization and seq = any (kept))) end,
    place - cardinality(kept) + case when wrong = 'dropped' then 1 else 0 end, now(), coalesce(answers_from, observed_at)
  from account_history where organization_id = organization and seq = place;
$$;
create procedure pg_temp.refuses(organization text, place bigint, kept bigint[], what text, answers_from timestamptz default null, wrong text default '') language plpgsql as $$
begin
  call pg_temp.anchor(organization, place, kept, answers_from, wrong);
  perform pg_temp.must(pg_temp.refused(format('delete from account_history where organization_id = %L and seq <= %s and seq <> all (%L)', organization, place, kept), 'CS004'), what);
  rollback;
end $$;
call pg_temp.refuses('o', 3, '{1,3}', 'a row in the middle');
call pg_temp.refuses('o', 4, '{1,2,3}', 'the tail');
call pg_temp.refuses('o', 4, '{}', 'all that there is');
call pg_temp.refuses('p', 4, '{}', 'the newest row of an account alive');
call pg_temp.refuses('p', 4, '{1,3}', 'a removal, so that the account lives');
call pg_temp.refuses('p', 4, '{3,4}', 'all but a removal');
call pg_temp.refuses('p', 4, '{3}', 'with another hash', wrong => 'hash');
call pg_temp.refuses('p', 4, '{3}', 'with another hash of what is carried', wrong => 'carried');
call pg_temp.refuses('p', 4, '{3}', 'with another count', wrong => 'dropped');
call pg_temp.refuses('p', 4, '{3}', 'and answers from earlier on', '2020-01-01');
begin;
call pg_temp.anchor('p', 4, '{3}');
select pg_temp.must(pg_temp.refused($$delete from account_history where organization_id = 'p' and seq = 5$$, 'CS004'), 'above the anchor');
select pg_temp.must(pg_temp.refused($$delete from account_history where organization_id = 'p' and seq = 1$$, 'CS004'), 'in part');
select pg_temp.must(pg_temp.refused($$delete from account_history where (organization_id, seq) in (('p', 1), ('p', 2), ('p', 4), ('o', 1))$$, 'CS004'), 'another organization beside it');
delete from account_history where organization_id = 'p' and seq in (1, 2, 4);
select pg_temp.must(count(*) = 0, 'the pruning it tells of') from verify_history('p');
rollback;

-- The same with the triggers off: by what is left.
create procedure pg_temp.finds(organization text, place bigint, kept bigint[], told text, answers_from timestamptz default null, wrong text default '') language plpgsql as $$
begin
  set local session_replication_role = replica;
  call pg_temp.anchor(organization, place, kept, answers_from, wrong);
  delete from account_history where organization_id = organization and seq <= place and seq <> all (kept);
  perform pg_temp.must(coalesce(string_agg(problem, '; '), 'nothing') like '%' || told || '%', told || ' is not in: ' || coalesce(string_agg(problem, '; '), 'nothing')) from verify_history(organization);
  rollback;
end $$;
call pg_temp.finds('o', 3, '{1,3}', 'a row that pruning drops is still there');
call pg_temp.finds('o', 4, '{1,2,3}', 'a row that pruning drops is still there');
call pg_temp.finds('p', 4, '{3,4}', 'a row that pruning drops is still there');
call pg_temp.finds('p', 4, '{3}', 'the anchor answers from 2020-01-01', '2020-01-01');
call pg_temp.finds('p', 4, '{3}', 'the anchor answers from 2026-01-05', timestamptz '2026-01-05' + interval '1 us');
call pg_temp.finds('o', 4, '{4}', 'hash is not the one that the anchor names', wrong => 'hash');
