/* Bad values: what they must be is said, with the line. */
#include "unit/config/config_fixture.h"

TestSuite(config_value, .init = set_up, .fini = tear_down);

Test(config_value, bad_values) {
  static const struct problem rows[] = {
      {"[sync]\ninterval=50ms\n", 2,
       "\"sync.interval\" must be a duration like 500ms, 10s, 5m, 1h or 1d, at least 100ms"},
      {"[sync]\ninterval=1.5s\n", 2, "not \"1.5s\""},
      {"[sync]\ninterval=\n", 2, "must be a duration"},
      {"[sync]\njitter=101%\n", 2, "0% to 100%"},
      {"[sync]\nmax_removed=0.2\n", 2, "like 20%"},
      {"[sync]\nvolatile_fields=a,,b\n", 2, "comma"},
      {"[sync]\nvolatile_fields=a,\n", 2, "comma"},
      {"[sync]\nexclude_fields=send_status\n", 2, "\"send_status\" is needed), not \"send_status\""},
      {"[sync]\nexclude_fields=email, id\n", 2, "\"id\" is needed"},
      {"[sync]\nexclude_fields=_type\n", 2, "needed"},
      {"[sync]\nexclude_fields=organization_id\n", 2, "needed"},
      {"[sync]\nexclude_fields=enabled_features\n", 2, "needed"},
      {"[sync]\nexclude_fields=receive_status\n", 2, "needed"},
      {"[sync]\nexclude_fields=email_receive_status\n", 2, "needed"},
      {"[sync]\nexclude_fields=calendar_receive_status\n", 2, "needed"},
      {"[sync]\nexclude_fields=emial\n", 2, "(\"emial\" is none: the nearest is \"email\")"},
      {"[sync]\nexclude_fields=receive_attempts_count\n", 2, "is none"},
      {"[sync]\nexclude_fields=smtp.host\n", 2, "is none"},
      {"[sync]\nexclude_fields=smtp,,imap\n", 2, "comma"},
      {"[sync]\nexclude_fields=user_id\n[organization a]\napi_key_file=/x\nuser_id=u\n", 2,
       "organization \"a\" mirrors"},
      {"[database]\nconnections=0\n", 2, "a whole number, at least 1"},
      {"[database]\nconnections=2x\n", 2, "a whole number"},
      {"[database]\nconnections=-1\n", 2, "a whole number"},
      {"[database]\nschema=\n", 2, "1 to 63 bytes"},
      {"[database]\nschema=1234567890123456789012345678901234567890123456789012345678901234\n", 2, "1 to 63 bytes"},
      {"[database]\nschema=pg_x\n", 2, "pg_"},
      {"[database]\nschema=information_schema\n", 2, "information_schema"},
      {"[log]\nformat=xml\n", 2, "text or json, not \"xml\""},
      {"[fleet]\nttl=500ms\n", 2, "at least 1s"},
      {"[database]\nstatement_timeout=0\n", 2, "at least 100ms"},
      {"[api]\npage_size=1001\n", 2, "at most 1000"},
      {"[api]\nmax_response=1\n", 2, "at least 1KiB"},
      {"[api]\nmax_requests=99999999999\n", 2, "a whole number"},
      {"[api]\nca_file=relative.pem\n", 2, "an absolute path, not \"relative.pem\""},
      {"[history]\nretention=always\n", 2, "\"forever\" or a duration"},
      {"[history]\nretention=0\n", 2, "\"forever\" or a duration"},
      {"[log]\nlevel=loud\n", 2, "error, warning, info or debug, not \"loud\""},
      {"[http]\nallow_remote=maybe\n", 2, "yes or no"},
      {"[organization a]\napi_key_file=/x\ninterval=1ms\n", 3, "\"interval\" of organization \"a\" must be"},
      {"[organization a]\napi_key_file=/x\nenabled=2\n", 3, "yes or no"},
      {"[log]\nlevel=\x1b[31m\n", 2, "not \"?[31m\""},
  };
  EXPECT_PROBLEMS(rows);
}

Test(config_value, excluded_fields) {
  expect_well("[sync]\nexclude_fields=\n");
  cr_assert(config->sync.fields.excluded.count == 0 && config->sync.fields.asked.count == 0 &&
            config->sync.fields.asked_text == NULL);
  expect_well("[sync]\nexclude_fields = smtp, user_id ,imap,smtp\n");
  cr_assert_eq(config->sync.fields.excluded.count, 3);
  cr_assert_str_eq(config->sync.fields.excluded.names[0], "imap");
  cr_assert_eq(config->sync.fields.asked.count, 23);
  cr_assert_str_eq(config->sync.fields.asked.names[0], "_type");
  cr_assert_str_eq(
      config->sync.fields.asked_text,
      "_type,id,organization_id,email,date_created,identities,default_identity,available_features,enabled_features,"
      "send_status,receive_status,email_receive_status,calendar_receive_status,latest_send_error,latest_receive_error,"
      "lead_suggestions_updated_at,is_imap_archive_sync_enabled,sync_all_calendars,synced_calendars,"
      "available_calendars,zoom_account_plan,calendly,has_meeting_creation_scopes");
}
