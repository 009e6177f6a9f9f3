-- Who answers: asked on two sessions in turns, it tells a pooler that hands out another backend with every transaction.
--
-- -> pid integer, server_version text, database text, role text
select
  pg_backend_pid() as pid,
  current_setting('server_version') as server_version,
  current_database()::text as database,
  current_user::text as role;
