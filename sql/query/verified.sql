-- Keeps what verifying one organization came to, for `verify --record`. Without an organization nothing is written: it only shows whether
-- this role may.
--
-- $1 organization_id text (NULL: none), $2 seq bigint, $3 hash text (hex; both NULL: there is no history), $4 problem text (NULL: proven)
insert into verification (organization_id, verified_at, seq, hash, is_proven, problem)
select $1::text, clock_timestamp(), $2::bigint, decode($3::text, 'hex'), $4::text is null, $4
where $1 is not null
on conflict (organization_id) do update
set verified_at = excluded.verified_at,
  seq = excluded.seq,
  hash = excluded.hash,
  is_proven = excluded.is_proven,
  problem = excluded.problem;
