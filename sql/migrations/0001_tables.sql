-- The tables as they were first released: the files of sql/table, one behind the other. `\ir` is psql's word for it; the build does the
-- same (embed.cmake), and the checksum that a schema remembers is that of the tables' text.
\ir ../table/migration.sql
\ir ../table/organization.sql
\ir ../table/account.sql
\ir ../table/account_identity.sql
\ir ../table/account_mail_server.sql
\ir ../table/account_calendar.sql
\ir ../table/account_feature.sql
\ir ../table/account_digest.sql
\ir ../table/account_history.sql
\ir ../table/erasure.sql
\ir ../table/history_anchor.sql
\ir ../table/pruned_account.sql
\ir ../table/sweep.sql
\ir ../table/coverage.sql
\ir ../table/rejected_account.sql
\ir ../table/field_drift.sql
\ir ../table/member.sql
\ir ../table/verification.sql
\ir ../table/fleet_daemon.sql
\ir ../table/fleet_slot.sql
