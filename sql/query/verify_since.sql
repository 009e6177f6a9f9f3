-- What older heads (the lines of `verify --head`, or log lines that hold them) prove about the organizations asked for.
--
-- $1 heads text -> organization_id text (NULL: of no readable one), seq bigint (NULL likewise), is_problem boolean, problem text
select organization_id, seq, is_problem, problem
from verify_since($1::text);
