-- One value of a document becomes a value of SQL. Nothing is coerced and nothing raises, whatever jsonb comes: a value of another type is
-- no value (NULL).

-- A time as Close writes it: a date, or date and time with up to nine digits of fraction and Z, an offset or none (UTC).
-- What is no such time is NULL: the pattern knows the calendar, so what it lets through cannot raise.
create or replace function close_timestamp(value text) returns timestamptz
  language sql immutable parallel safe
begin atomic
  select case
    when value like '____-__-__T__:__:__.______+00:00' -- as nearly all are: a third of the cost
      and translate(value, '0123456789', '') = '--T::.+:'
      and value > '0001' collate "C"
      and substr(value, 6, 2) collate "C" between '01' and '12'
      and substr(value, 9, 2) collate "C" between '01' and '31'
      and (
        substr(value, 9, 2) collate "C" <= '28'
        or substr(value, 6, 5) not in ('02-29', '02-30', '02-31', '04-31', '06-31', '09-31', '11-31'))
      and substr(value, 12, 2) collate "C" <= '23'
      and substr(value, 15, 2) collate "C" <= '59'
      and substr(value, 18, 2) collate "C" <= '59'
    then make_timestamp(
        left(value, 4)::integer, substr(value, 6, 2)::integer, substr(value, 9, 2)::integer,
        substr(value, 12, 2)::integer, substr(value, 15, 2)::integer, substr(value, 18, 9)::double precision)
      at time zone 'UTC'
    when value ~ ('^[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])'
      || '(?:T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:[.][0-9]{1,9})?(?:Z|[+-](?:0[0-9]|1[0-5]):?[0-5][0-9])?)?$')
      and left(value, 4) <> '0000'
      and substr(value, 6, 5) not in ('02-30', '02-31', '04-31', '06-31', '09-31', '11-31')
      and (substr(value, 6, 5) <> '02-29' or value ~ '^(?:..(?:0[48]|[2468][048]|[13579][26])|(?:[02468][048]|[13579][26])00)')
    then make_timestamp(
        left(value, 4)::integer, substr(value, 6, 2)::integer, substr(value, 9, 2)::integer,
        ('0' || substr(value, 12, 2))::integer, ('0' || substr(value, 15, 2))::integer,
        ('0' || split_part(translate(substr(value, 18), '+-', 'ZZ'), 'Z', 1))::double precision)
      at time zone case ltrim(substr(value, 20), '.0123456789')
        when '' then interval '0'
        when 'Z' then interval '0'
        when '+00:00' then interval '0'
        else make_interval(
          hours => replace(ltrim(substr(value, 20), '.0123456789'), ':', '')::integer / 100,
          mins => replace(ltrim(substr(value, 20), '.0123456789'), ':', '')::integer % 100) end
  end;
end;
comment on function close_timestamp(text) is 'A time as Close writes it, NULL for anything else; never raises';

create or replace function json_text(value jsonb) returns text
  language sql immutable parallel safe
begin atomic
  select case jsonb_typeof(value) when 'string' then value #>> '{}' end;
end;
comment on function json_text(jsonb) is 'The text of a JSON string, NULL for anything else';

create or replace function json_boolean(value jsonb) returns boolean
  language sql immutable parallel safe
begin atomic
  select case jsonb_typeof(value) when 'boolean' then value::boolean end;
end;
comment on function json_boolean(jsonb) is 'The value of a JSON boolean, NULL for anything else';

create or replace function json_port(value jsonb) returns integer
  language sql immutable parallel safe
begin atomic
  select case jsonb_typeof(value)
    when 'number' then case when value between '0' and '65535' and value::numeric = trunc(value::numeric) then value::integer end
  end;
end;
comment on function json_port(jsonb) is 'A whole number from 0 to 65535, NULL for anything else';

create or replace function json_time(value jsonb) returns timestamptz
  language sql immutable parallel safe
begin atomic
  select close_timestamp(json_text(value));
end;
comment on function json_time(jsonb) is 'A JSON string that is a time as Close writes it, NULL for anything else';

create or replace function json_list(value jsonb) returns jsonb
  language sql immutable parallel safe
begin atomic
  select case jsonb_typeof(value) when 'array' then value end;
end;
comment on function json_list(jsonb) is 'A JSON array, NULL for anything else';

create or replace function json_map(value jsonb) returns jsonb
  language sql immutable parallel safe
begin atomic
  select case jsonb_typeof(value) when 'object' then value end;
end;
comment on function json_map(jsonb) is 'A JSON object, NULL for anything else';

create or replace function json_has_only(value jsonb, names text[]) returns boolean
  language sql immutable parallel safe
begin atomic
  select coalesce(case jsonb_typeof(value) when 'object' then value - names = '{}' end, true);
end;
comment on function json_has_only(jsonb, text[]) is 'Whether an object has no other names than these; true for anything else';

create or replace function json_is_short(value jsonb) returns boolean
  language sql immutable parallel safe
begin atomic
  select octet_length(value::text) <= 500 is not false;
end;
comment on function json_is_short(jsonb) is 'Whether no text in a value can be over 500 bytes; false says nothing';

-- Below, `offset 0` keeps an expression from being copied into each place that names it: a value is looked at a dozen times.

-- The objects of a list under a key of one or two texts. is_row: makes the row of its key (the first of that key).
-- is_whole: makes no row and nothing else can say it: no object, a key too long for an index, or another content under
-- a key already taken. Equal elements are one, and neither.
create or replace function json_element(list jsonb, first_name text, second_name text)
  returns table (element jsonb, place bigint, first_key text, second_key text, is_row boolean, is_whole boolean)
  language sql immutable parallel safe
begin atomic
  select
    element, place, first_key, second_key,
    fits and place = first_value(place) over same,
    not fits or element <> first_value(element) over same
  from (
    select element, place, first_key, second_key, jsonb_typeof(element) = 'object' and octet_length(first_key || second_key) <= 500 as fits
    from (
      select element, place, coalesce(json_text(first_said), '') as first_key, coalesce(json_text(second_said), '') as second_key
      from (
        select element, place, element -> first_name as first_said, element -> second_name as second_said
        from jsonb_array_elements(json_list(list)) with ordinality as entry (element, place)
        offset 0
      ) as named
      offset 0
    ) as keyed
  ) as fitting
  window same as (partition by fits, first_key, second_key order by place);
end;
comment on function json_element(jsonb, text, text) is 'The objects of a list, which of them make rows, and which must be kept whole';

-- The words of a list of strings; no word: not a string, or too long for an index.
create or replace function json_word(list jsonb)
  returns table (element jsonb, place bigint, word text)
  language sql immutable parallel safe
begin atomic
  select element, place, case when octet_length(json_text(element)) <= 500 then json_text(element) end
  from jsonb_array_elements(json_list(list)) with ordinality as entry (element, place);
end;
comment on function json_word(jsonb) is 'The strings of a list, NULL for what is none or over 500 bytes';
