create table coverage (
  organization_id text not null,
  from_at         timestamptz not null,
  until_at        timestamptz not null,
  sweeps          bigint not null,
  longest_gap     interval not null default '0',
  pending_gap     interval not null default '0',
  first_ended_at  timestamptz,
  primary key (organization_id, from_at)
) with (fillfactor = 70);
comment on table coverage is 'The spans in which complete listings followed one another: no state that lasted longer than longest_gap went unseen';
comment on column coverage.organization_id is 'The organization';
comment on column coverage.from_at is 'started_at of the first complete sweep of the span';
comment on column coverage.until_at is 'started_at of its last complete sweep; or from_at of the span after it, which counts that sweep: the two are one stretch';
comment on column coverage.sweeps is 'Complete sweeps in it';
comment on column coverage.longest_gap is 'The longest a state could have lasted within the span and gone unseen';
comment on column coverage.pending_gap is 'End of the last listing minus started_at of the sweep before it; enters longest_gap when the span goes on';
comment on column coverage.first_ended_at is 'End of the listing of the first sweep of the span: between two spans a state can hide until then (NULL: from_at is taken)';
