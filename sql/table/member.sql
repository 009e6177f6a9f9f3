create table member (
  organization_id text not null,
  user_id         text not null,
  email           text,
  full_name       text,
  role_id         text,
  is_active       boolean,
  first_seen_at   timestamptz not null,
  changed_at      timestamptz not null,
  left_at         timestamptz,
  erased_at       timestamptz,
  primary key (organization_id, user_id)
);
comment on table member is 'The people of an organization, as Close told of them last; whoever left stays, for accounts and history name users';
comment on column member.organization_id is 'The organization';
comment on column member.user_id is 'Close''s id of the user (user_…)';
comment on column member.email is 'Address; NULL where Close gives none, or erased';
comment on column member.full_name is 'Name; NULL where Close gives none, or erased';
comment on column member.role_id is 'Close''s id of the role, or its word for it';
comment on column member.is_active is 'Listed as a member; false: as an inactive one; NULL: no longer told';
comment on column member.first_seen_at is 'When the user was first told';
comment on column member.changed_at is 'When the row last changed';
comment on column member.left_at is 'When the user was first seen inactive or gone; NULL: active';
comment on column member.erased_at is 'When email and full_name were erased; they stay empty while the user is inactive';
