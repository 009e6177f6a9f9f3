-- Documents become columns: what is known, what is not, what is of another type, and what must never raise.
\ir prepare.psql
create function pg_temp.other(document jsonb) returns jsonb language sql as $$ select other from account_shape(document) $$;
create function pg_temp.drift(document jsonb) returns text language sql as $$
  select string_agg(path || ':' || json_type, ' ' order by path collate "C", json_type) from account_drift(document) $$;

-- Nothing known is left over; null and absent are the same.
select pg_temp.must(pg_temp.other('{"_type":"google","id":"a","organization_id":"o","smtp":null,"imap":{"host":null,"port":null},"identities":null,"calendly":{"any":[1]},"zoom_account_plan":null}') = '{}', 'known');
select pg_temp.must(pg_temp.other('{}') = '{}' and pg_temp.drift('{}') is null, 'empty');
select pg_temp.must(pg_temp.other('{"receive_attempts_count":3}') = '{"receive_attempts_count":3}' and pg_temp.drift('{"receive_attempts_count":3}') is null, 'spare');
select pg_temp.must(pg_temp.drift('{"receive_attempts_count":"3"}') = 'receive_attempts_count:string', 'spare of another type');
select pg_temp.must(calendly = '[1]', 'calendly takes anything') from account_shape('{"calendly":[1]}');
select pg_temp.must(calendly is null, 'calendly null') from account_shape('{"calendly":null}');

-- Unknown names and other types go to other, by name or path; each is drift.
select pg_temp.must(pg_temp.other(d) = '{"foo":null,"email":1,"smtp.foo":[1],"smtp.port":"25","imap":"x","identities[].foo":[1,2],"default_identity.x":{},"available_calendars[].color":["red"],"date_created":"soon","organization_id":5}', 'other'),
  pg_temp.must(pg_temp.drift(d) = 'available_calendars[].color:string date_created:string default_identity.x:object email:number foo:null identities[].foo:number imap:string organization_id:number smtp.foo:array smtp.port:string', 'drift')
from (values ('{"foo":null,"email":1,"smtp":{"foo":[1],"port":"25"},"imap":"x","identities":[{"email":"a","foo":1},{"email":"b","foo":2},{"email":"c","foo":1}],"default_identity":{"x":{}},"available_calendars":[{"id":"c","color":"red"}],"date_created":"soon","organization_id":5}'::jsonb)) as v (d);
select pg_temp.must(email is null and date_created is null, 'nothing coerced') from account_shape('{"email":1,"date_created":"soon"}');

-- Ports.
select pg_temp.must(json_port(p::jsonb) is not distinct from wanted, 'port ' || p)
from (values ('465', 465), ('0', 0), ('65535', 65535), ('65536', null), ('-1', null), ('1.5', null), ('465.0', 465), (repeat('9', 300), null), ('"25"', null), ('null', null), ('true', null), ('[1]', null), ('1e400', null)) as v (p, wanted);

-- Lists: no object, too long a key, equal elements, one key with two contents.
select pg_temp.must(pg_temp.other(d) -> 'identities[]' = jsonb_build_array(1, jsonb_build_object('email', repeat('x', 501)), '{"email":"a","name":"n","z":1}'::jsonb), 'whole elements'),
  pg_temp.must((select count(*) from account_identity_shape(d)) = 2, 'identity rows'),
  pg_temp.must(pg_temp.drift(d) = 'identities[]:number identities[]:object', 'drift of whole elements')
from (select jsonb_build_array(1, jsonb_build_object('email', repeat('x', 501)), '{"email":"a","name":"n"}'::jsonb, '{"email":"a","name":"n"}'::jsonb, '{"email":"a","name":"n","z":1}'::jsonb, '{}'::jsonb)) as l (l)
cross join lateral jsonb_build_object('identities', l) as d;
select pg_temp.must(count(*) = 1 and bool_and(octet_length(email || name) = 500), '500 bytes still fit')
from account_identity_shape(jsonb_build_object('identities', jsonb_build_array(jsonb_build_object('email', repeat('x', 250), 'name', repeat('ä', 125)), jsonb_build_object('email', repeat('x', 251), 'name', repeat('ä', 125)))));
select pg_temp.must(array_agg(email || '/' || name || '/' || is_default order by email) = '{//false,a/n/true,b//false}', 'the default identity')
from account_identity_shape('{"identities":[{"email":"a","name":"n"},{"email":"b"},{"email":null,"name":7}],"default_identity":{"name":"n","email":"a"}}');
select pg_temp.must(array_agg(calendar_id || name || is_default || is_available || is_synced order by calendar_id) = array['anametruetruefalse', null]
  and array_agg(concat(calendar_id, is_default, is_available, is_synced) order by calendar_id) = '{attf,bft}' and bool_or(is_default is null and calendar_id = 'b'), 'calendars')
from account_calendar_shape('{"available_calendars":[{"id":"a","name":"name","default":true,"synced":true}],"synced_calendars":["b","b"]}');
select pg_temp.must(array_agg(coalesce(calendar_id || is_synced, '-') order by calendar_id) = '{atrue,bfalse,-,-,-}', 'the calendar''s own synced; NULL where Close says neither')
from (values (null), ('null'::jsonb), ('"all"')) as held (list)
cross join lateral account_calendar_shape(jsonb_build_object('available_calendars', '[{"id":"a","synced":true},{"id":"b","synced":false},{"id":"c"},{"id":"d","synced":null},{"id":"e","synced":"no"}]'::jsonb, 'synced_calendars', list))
group by list;
select pg_temp.must(array_agg(concat(calendar_id, is_default) order by calendar_id) = '{a,b,cf,d}', 'the default, where Close says it')
from account_calendar_shape('{"available_calendars":[{"id":"a"},{"id":"b","default":null},{"id":"c","default":false},{"id":"d","default":"no"}]}');
select pg_temp.must(array_agg(calendar_id || is_synced order by calendar_id) = '{afalse}', 'an empty list is a list')
from account_calendar_shape('{"available_calendars":[{"id":"a","synced":true}],"synced_calendars":[]}');
select pg_temp.must(array_agg(feature || is_available || is_enabled order by feature) = '{atruefalse,btruetrue,cfalsetrue}', 'features')
from account_feature_shape('{"available_features":["a","b","b",3],"enabled_features":["b","c",null]}');
select pg_temp.must(pg_temp.drift('{"available_features":["a",3,3],"enabled_features":["b",null]}') = 'available_features[]:number enabled_features[]:null', 'features of another type');

-- Names that look like paths do not collide; a long drift path is shortened.
select pg_temp.must(pg_temp.other('{"smtp":{"foo":1},"smtp.foo":2,"\"smtp.foo\"":3,"a.b":4,"smtp.port":5,"":6}')
  = '{"smtp.foo":1,"\"smtp.foo\"":2,"\"\"smtp.foo\"\"":3,"a.b":4,"\"smtp.port\"":5,"":6}', 'no collision');
select pg_temp.must(bool_and(octet_length(path) <= 500) and count(*) = 2, 'long paths')
from account_drift(jsonb_build_object(repeat('ä', 400), 1, repeat('ä', 401), 1));
select pg_temp.must(pg_temp.drift('{"a.b@c.example":1,"smtp":{"d@e.example":1,"f@e.example":2},"identities":[{"g@h.example":""}],"x":1}')
  = 'identities[].…@…:string smtp.…@…:number x:number …@…:number', 'an address in a path');

-- Nothing raises: every field of every odd value, alone, in each place.
create temp table odd (value jsonb);
insert into odd values ('null'), ('true'), ('0'), ('-0.5'), ('1e400'), ('""'), ('"2022-13-45T00:00:00"'), ('"infinity"'), ('"now"'), ('[]'), ('{}'), ('[[[]]]'), ('[null,1,"x",{},[]]'), ('{"id":[],"email":{},"host":1,"port":[1],"date_updated":"0000-00-00"}');
insert into odd select to_jsonb(repeat('9', 300)) union all select repeat('9', 300)::jsonb union all select to_jsonb(repeat('x', 3000)) union all select jsonb_build_array(to_jsonb(repeat('x', 3000)), '{"id":"a"}'::jsonb, '{"id":"a","b":1}'::jsonb);
create temp table junk as
select value as document from odd
union all select jsonb_build_object(name, value) from odd, jsonb_object_keys(account_field() -> '') as name
union all select jsonb_build_object(holder, jsonb_build_object(name, value)) from odd, (values ('smtp'), ('imap'), ('default_identity')) as h (holder), jsonb_object_keys(account_field() -> holder) as name
union all select jsonb_build_object(replace(holder, '[]', ''), jsonb_build_array(jsonb_build_object(name, value), jsonb_build_object(name, 1))) from odd, (values ('identities[]'), ('available_calendars[]')) as h (holder), jsonb_object_keys(account_field() -> holder) as name;
select count(a) from junk left join lateral account_shape(document) as a on true;
select count(a) from junk left join lateral account_drift(document) as a on true;
select count(a) from junk left join lateral account_identity_shape(document) as a on true;
select count(a) from junk left join lateral account_mail_server_shape(document) as a on true;
select count(a) from junk left join lateral account_calendar_shape(document) as a on true;
select count(a) from junk left join lateral account_feature_shape(document) as a on true;
-- The quick look of account_is_plain agrees with going through it all, also for whole documents with one odd field.
create temp table usual as
select '{"_type":"google","id":"a","organization_id":"o","user_id":"u","email":"a@x","date_created":"2022-05-27T14:38:31.102000+00:00",
  "identities":[{"email":"a@x","name":"A"}],"default_identity":{"email":"a@x","name":"A"},"receive_attempts_count":0,
  "smtp":{"host":"h","port":465,"use_ssl":true,"username":"u","date_updated":"2022-05-31T14:38:31Z"},
  "imap":{"host":"h","port":993,"use_ssl":true,"username":"u","date_updated":"0001-01-01T00:00:00"},
  "available_features":["a","b"],"enabled_features":["a"],"send_status":"ok","receive_status":"ok","email_receive_status":"ok",
  "calendar_receive_status":"ok","latest_send_error":null,"latest_receive_error":null,"lead_suggestions_updated_at":null,
  "is_imap_archive_sync_enabled":true,"has_meeting_creation_scopes":false,"sync_all_calendars":false,"synced_calendars":["c"],
  "available_calendars":[{"id":"c","name":"n","status":"ok","default":true,"synced":true},{"id":"d"}],"zoom_account_plan":null,
  "calendly":{"x":1}}'::jsonb as document;
select pg_temp.must(account_is_plain(document), 'the usual is plain') from usual;
select pg_temp.must(account_is_plain(document || jsonb_build_object(name, null)) and account_is_plain(document - name), 'and without any one: ' || name)
from usual, jsonb_object_keys(account_field() -> '') as name;
insert into junk
select usual.document || junk.document from usual, junk where jsonb_typeof(junk.document) = 'object'
union all
select jsonb_set(document, array[holder, name], value)
from usual, odd, (values ('smtp'), ('imap'), ('default_identity')) as h (holder), jsonb_object_keys(account_field() -> holder || '{"other": 1}') as name
union all
select jsonb_set(document, array[holder, '0', name], value)
from usual, odd, (values ('identities'), ('available_calendars')) as h (holder), jsonb_object_keys(account_field() -> (holder || '[]') || '{"other": 1}') as name
union all
select jsonb_set(document, array[list, '0'], value, place)
from usual, odd, jsonb_each_text(account_field() -> '') as field (list, kind), (values (true), (false)) as p (place)
where kind = 'list' and not (place and list in ('identities', 'available_calendars'))
union all
select jsonb_insert(document, array[list, '0'], document -> list -> 0 || extra)
from usual, (values ('identities'), ('available_calendars')) as l (list), (values ('{}'::jsonb), ('{"name": "other"}'), ('{"other": 1}')) as e (extra)
union all
select jsonb_set(document, path::text[], to_jsonb(said))
from usual, (values ('{date_created}'), ('{smtp,date_updated}')) as p (path), (values ('2024-02-29T00:00:00Z'), ('2023-02-29T00:00:00Z'),
  ('2023-04-31T00:00:00Z'), ('2023-02-30'), ('0000-01-01T00:00:00Z'), ('2023-01-31T24:00:00Z'), ('2023-01-31T23:59:59.1+00:00'),
  ('2023-01-31T23:59:59.1234567890Z'), ('2023-01-31T23:59:59-05:30'), ('2023-01-31T23:59:59 '), (E'2023-01-31T23:59:59Z\n')) as t (said);
select pg_temp.must(shape.other = thorough.other, 'quick and thorough: ' || left(document::text, 1000))
from junk cross join lateral account_shape(document) as shape cross join lateral account_other(document) as thorough;
select pg_temp.must(count(*) > 100, 'many are plain') from junk where account_is_plain(document);
-- Each drift leaves its value in other, which 45_drift relies on.
select pg_temp.must(other_drifts(pg_temp.other(document)) = (pg_temp.drift(document) is not null), 'other_drifts: ' || left(document::text, 100)) from junk;

-- All of them inline: no function but the built-in list readers is left in the plan.
do $$
declare
  shape text;
  line text;
begin
  foreach shape in array '{account_columns,account_identity_shape,account_mail_server_shape,account_calendar_shape,account_feature_shape,account_drift,account_other}'::text[] loop
    for line in execute format('explain (verbose, costs off) select shape.* from junk cross join lateral %I(document) as shape', shape) loop
      perform pg_temp.must(line !~ '(account|json|close)_[a-z_]+\(' and line !~ 'Function Scan on close_crm', shape || ' inlines: ' || line);
    end loop;
  end loop;
end $$;

select pg_temp.must(other_of(document) = account_other(document), format('no object: %s', document)) from jsonb_array_elements('["receive_attempts_count", ["receive_attempts_count"], 5, null, []]') as document;
select pg_temp.must(account_difference_fields('{"type":"a","other":{"type":1,"default_identity_x":1}}', '{"type":"b","other":{"type":2}}') = '{_type,default_identity_x,type}', 'a field called as a column');

-- A long list costs no more than its length: these would take minutes if each element were looked for among all.
set statement_timeout = '20s';
create temp table long as
select jsonb_build_object('id', 'a', 'identities', i, 'available_calendars', c, 'synced_calendars', w, 'available_features', w, 'enabled_features', w) as document
from (
  select jsonb_agg(jsonb_build_object('email', n::text, 'name', 'x')) as i, jsonb_agg(jsonb_build_object('id', n::text)) as c, jsonb_agg(n::text) as w
  from generate_series(1, 100000) as n
) as lists;
select pg_temp.must(other_of(document) = '{}', 'nothing is other') from long;
select pg_temp.must(count(*) filter (where is_available and is_enabled) = 100000, 'long features') from long cross join lateral account_feature_shape(document);
select pg_temp.must(count(*) filter (where is_available and is_synced) = 100000, 'long calendars') from long cross join lateral account_calendar_shape(document);
select pg_temp.must(count(*) filter (where not is_default) = 100000, 'long identities') from long cross join lateral account_identity_shape(document);
select pg_temp.must(count(*) = 0, 'no drift') from long cross join lateral account_drift(document);
select pg_temp.must(other_of(jsonb_object_agg('new' || n, n)) = jsonb_object_agg('new' || n, n), 'long documents') from generate_series(1, 50000) as n;
reset statement_timeout;

-- Fields that Close made since spare the rest of a document from being gone through, unless their names look like paths; both ways agree.
select pg_temp.must(other_of(document) = other and not account_is_plain(document), document::text)
from (
  values
    ('{"id": "a", "new": [1, "a"], "newer": null, "receive_attempts_count": 3}'::jsonb),
    ('{"id": 7, "new": {"a": 1}, "smtp": {"port": "x", "a[]": [1]}}'),
    ('{"id": "a", "smtp.port": 1, "\"x": 2, "new": 3}'),
    ('{"identities[]": [1], "identities": [1, "a"], "synced_calendars": [true], "new": 1}')
) as said (document)
cross join lateral account_other(document);
select pg_temp.must(pg_temp.drift('{"id": 7, "new[]": [1, "a"], "smtp": {"port": "x", "a[]": [1]}, "identities": [1, "a"], "identities[]": [1], "receive_attempts_count": null}') =
  '"identities[]":array id:number identities[]:number identities[]:string new[]:array smtp.a[]:array smtp.port:string', 'lists of ours alone are told by their values');

-- Which list of the document tells two rows of a child table apart; a row that is not there is NULL.
select pg_temp.must(account_calendar_difference_fields(have, want) = fields::text[], format('calendar %s %s %s', have, want, fields))
from (values
  (null::jsonb, '{"name": null, "is_available": false, "is_synced": true}'::jsonb, '{synced_calendars}'),
  ('{"name": "A", "is_available": true, "is_synced": true}', null, '{available_calendars,synced_calendars}'),
  ('{"name": "A", "is_available": true, "is_synced": false}', null, '{available_calendars}'),
  ('{"name": "A", "is_available": true, "is_synced": null}', '{"name": "A", "is_available": true, "is_synced": false}', '{synced_calendars}'),
  ('{"name": "A", "is_available": true, "is_synced": true}', '{"name": null, "is_available": true, "is_synced": true}', '{available_calendars}')
) as pair (have, want, fields);
select pg_temp.must(account_feature_difference_fields(have, want) = fields::text[], format('feature %s %s %s', have, want, fields))
from (values
  (null::jsonb, '{"is_available": false, "is_enabled": true}'::jsonb, '{enabled_features}'),
  ('{"is_available": true, "is_enabled": true}', null, '{available_features,enabled_features}'),
  ('{"is_available": true, "is_enabled": false}', '{"is_available": false, "is_enabled": false}', '{available_features}')
) as pair (have, want, fields);
