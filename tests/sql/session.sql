-- What a session of the daemon sets: a process that is stopped or cut off does not keep its locks for longer than half a minute.
\set text `cat sql/query/session.sql`
prepare session (text,text,text) as :text
\set QUIET on
\set ON_ERROR_STOP on
\ir record.psql
execute session ('close_crm', '30s', '10s');
select pg_temp.must(current_setting(name) = wanted, format('%s is %s, not %s', name, current_setting(name), wanted))
from (values
  ('idle_session_timeout', '25s'), ('idle_in_transaction_session_timeout', '25s'), ('statement_timeout', '30s'), ('lock_timeout', '10s'),
  ('search_path', 'close_crm, pg_temp'), ('TimeZone', 'UTC'), ('jit', 'off')) as setting (name, wanted);
select pg_temp.must(count(*) = 4, 'and its server watches the network') -- on a Unix socket they read 0, whatever is set
from regexp_matches(:'text', $$set_config\('(tcp_keepalives_idle|tcp_keepalives_interval|tcp_keepalives_count|tcp_user_timeout)', '[0-9]+s?', false\)$$, 'g');
