-- What every session begins with: names resolve in the schema alone, a backslash is one, nothing waits for ever, and a prepared statement
-- is planned once: planning one costs more than running it. The session of a process that was stopped, or whose host or network is gone,
-- ends within 30 seconds, and its locks with it: a process that lives asks something every ten seconds (io/db.h). On a Unix socket the
-- tcp settings mean nothing, and do no harm.
--
-- $1 schema text, $2 statement_timeout text, $3 lock_timeout text
select
  set_config('search_path', quote_ident($1::text) || ', pg_temp', false),
  set_config('standard_conforming_strings', 'on', false),
  set_config('TimeZone', 'UTC', false),
  set_config('DateStyle', 'ISO', false),
  set_config('IntervalStyle', 'postgres', false),
  set_config('bytea_output', 'hex', false),
  set_config('extra_float_digits', '1', false),
  set_config('jit', 'off', false),
  set_config('plan_cache_mode', 'force_generic_plan', false),
  set_config('statement_timeout', $2::text, false),
  set_config('lock_timeout', $3::text, false),
  set_config('idle_in_transaction_session_timeout', '25s', false),
  set_config('idle_session_timeout', '25s', false),
  set_config('tcp_keepalives_idle', '10', false),
  set_config('tcp_keepalives_interval', '5', false),
  set_config('tcp_keepalives_count', '3', false),
  set_config('tcp_user_timeout', '15s', false);
