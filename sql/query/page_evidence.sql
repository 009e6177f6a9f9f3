-- For the page of an organization: where its chain ends, and what the last verifications came to.
--
-- $1 organization_id text -> seq bigint, hash text (hex), observed_at bigint (of the newest history row; NULL: there is none), mirror_verified_at
-- bigint, verified_at bigint, verified_seq bigint, is_proven boolean, problem text (of the last `verify --record`), answers_from bigint; moments
-- in seconds since 1970
select
  head.seq,
  encode(head.hash, 'hex') as hash,
  extract(epoch from head.observed_at)::bigint as observed_at,
  extract(epoch from organization.last_verified_at)::bigint as mirror_verified_at,
  extract(epoch from verification.verified_at)::bigint as verified_at,
  verification.seq as verified_seq,
  verification.is_proven,
  verification.problem,
  (
    select extract(epoch from history_anchor.answers_from)::bigint
    from history_anchor
    where history_anchor.organization_id = $1
    order by history_anchor.seq desc
    limit 1
  ) as answers_from
from organization
left join verification on verification.organization_id = organization.organization_id
left join lateral (
  select account_history.seq, account_history.hash, account_history.observed_at
  from account_history
  where account_history.organization_id = $1
  order by account_history.seq desc
  limit 1
) as head on true
where organization.organization_id = $1;
