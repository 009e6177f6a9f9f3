/* The configuration as a whole: contract section 3 and "Configuration" in section 6. */
#include "unit/config/config_fixture.h"

TestSuite(config, .init = set_up, .fini = tear_down);

Test(config, defaults) {
  expect_well("");
  cr_assert_str_eq(config->database.conninfo, "dbname=close");
  cr_assert_str_eq(config->database.schema, "close_crm");
  cr_assert_eq(config->database.connections, 2);
  cr_assert_eq(config->database.statement_timeout_ms, 30000);
  cr_assert_eq(config->database.lock_timeout_ms, 10000);
  cr_assert_str_eq(config->api.base_url, "https://api.close.com/api/v1");
  cr_assert_null(config->api.ca_file);
  cr_assert_null(config->api.proxy);
  cr_assert_eq(config->api.connect_timeout_ms, 10000);
  cr_assert_eq(config->api.request_timeout_ms, 60000);
  cr_assert_eq(config->api.max_response_bytes, 33554432);
  cr_assert_eq(config->api.max_requests, 32);
  cr_assert_eq(config->api.page_size, 100);
  cr_assert_eq(config->sync.interval_ms, 60000);
  cr_assert_float_eq(config->sync.jitter, 0.1, 1e-9);
  cr_assert_eq(config->sync.deadline_ms, 600000);
  cr_assert_eq(config->sync.gap_ms, 0);
  cr_assert_eq(config->sync.verify_interval_ms, 3600000);
  cr_assert_float_eq(config->sync.max_removed, 0.2, 1e-9);
  cr_assert_eq(config->sync.volatile_fields.count, 1);
  cr_assert_str_eq(config->sync.volatile_fields.names[0], "lead_suggestions_updated_at");
  cr_assert_eq(config->sync.flush_interval_ms, 60000);
  cr_assert_eq(config->history.retention_ms, 0);
  cr_assert_null(config->http.listen);
  cr_assert_not(config->http.allow_remote);
  cr_assert_not(config->http.show_addresses);
  cr_assert_eq(config->log_level, LOG_LEVEL_INFO);
  cr_assert_eq(config->log_format, LOG_FORMAT_TEXT);
  cr_assert(config->sync.notify && config->sync.members && config->http.metrics_per_organization);
  cr_assert(!config->fleet.enabled && config->fleet.ttl_ms == 15000);
  char host[256] = "";
  cr_assert_eq(gethostname(host, sizeof host - 1), 0);
  cr_assert_str_eq(config->fleet.member, host);
  cr_assert_eq(config->organization_count, 0);
}

/* The shipped example, with every "#key = value" made real, is well and means the defaults. */
Test(config, the_example_is_true) {
  char path[512], text[8192], real[8192] = "";
  const char *source = getenv("CLOSESYNCD_SOURCE");
  snprintf(path, sizeof path, "%s/config/closesyncd.conf", source ? source : ".");
  FILE *file = fopen(path, "r");
  cr_assert_not_null(file, "%s", path);
  while (fgets(text, sizeof text, file)) {
    bool other_way = strstr(text, "api_key_credential") || strstr(text, "#access_token_") || strstr(text, "#oauth_c") ||
                     strstr(text, "#oauth_redirect") || strstr(text, "#oauth_token");
    bool setting = text[0] == '#' && text[1] != ' ' && !other_way;
    strcat(real, setting ? text + 1 : text);
  }
  fclose(file);
  expect_well(real);
  cr_assert_eq(config->organization_count, 1);
  cr_assert_str_eq(config->database.conninfo, "dbname=close");
  cr_assert_str_eq(config->api.base_url, "https://api.close.com/api/v1");
  cr_assert_str_eq(config->api.oauth_url, "https://api.close.com/oauth2/token/");
  cr_assert_str_eq(config->api.oauth_authorize_url, "https://app.close.com/oauth2/authorize/");
  cr_assert_eq(config->api.max_response_bytes, 33554432);
  cr_assert_eq(config->sync.gap_ms, 180000);
  cr_assert_eq(config->sync.flush_interval_ms, 60000);
  cr_assert_str_eq(config->sync.volatile_fields.names[0], "lead_suggestions_updated_at");
}

Test(config, every_setting_is_read) {
  expect_well("[database]\nconninfo = host=/run dbname='a b'\nschema = My Schema\nconnections=5\nstatement_timeout=1m\n"
              "lock_timeout=5\n[api]\nbase_url=http://127.0.0.1:8080/x//\nca_file=/ca.pem\nproxy=http://proxy:3128\n"
              "connect_timeout=1s\nrequest_timeout=2s\nmax_response=64KiB\nmax_requests=1\npage_size=7\n"
              "[sync]\ninterval=100ms\njitter=0%\ndeadline=1m\ngap=1h\nverify_interval=0\nmax_removed=100%\n"
              "volatile_fields=\nflush_interval=0s\n[history]\nretention=30d\n"
              "[http]\nlisten=unix:/run/x.sock\nshow_addresses=yes\nallow_remote=on\nmetrics_per_organization=no\n"
              "[log]\nlevel=debug\nformat=json\n[sync]\nnotify=no\nmembers=no\n"
              "[fleet]\nenabled=yes\nmember=left\nttl=2s\n"
              "[organization a]\napi_key_file=/k\norganization_id=orga_1\nuser_id=user_1\ninterval=5m\nenabled=no\n"
              "[organization b-1_]\napi_key_credential=b\n");
  cr_assert_str_eq(config->database.conninfo, "host=/run dbname='a b'");
  cr_assert_str_eq(config->database.schema, "My Schema");
  cr_assert_eq(config->database.connections, 5);
  cr_assert_eq(config->database.lock_timeout_ms, 5000);
  cr_assert_str_eq(config->api.base_url, "http://127.0.0.1:8080/x");
  cr_assert_str_eq(config->api.ca_file, "/ca.pem");
  cr_assert_str_eq(config->api.proxy, "http://proxy:3128");
  cr_assert_eq(config->api.max_response_bytes, 65536);
  cr_assert_eq(config->api.page_size, 7);
  cr_assert_eq(config->sync.interval_ms, 100);
  cr_assert_eq(config->sync.gap_ms, 3600000);
  cr_assert_eq(config->sync.verify_interval_ms, 0);
  cr_assert_eq(config->sync.volatile_fields.count, 0);
  cr_assert_eq(config->history.retention_ms, 2592000000);
  cr_assert_str_eq(config->http.listen, "unix:/run/x.sock");
  cr_assert(config->http.show_addresses && config->http.allow_remote);
  cr_assert_eq(config->log_level, LOG_LEVEL_DEBUG);
  cr_assert_eq(config->log_format, LOG_FORMAT_JSON);
  cr_assert_not(config->sync.notify || config->sync.members || config->http.metrics_per_organization);
  cr_assert(config->fleet.enabled && config->fleet.ttl_ms == 2000);
  cr_assert_str_eq(config->fleet.member, "left");
  const struct config_organization *a = config_find(config, "a"), *b = config_find(config, "b-1_");
  cr_assert(a && b && a == config->organizations && !config_find(config, "c"));
  cr_assert_str_eq(a->organization_id, "orga_1");
  cr_assert_str_eq(a->user_id, "user_1");
  cr_assert_eq(a->interval_ms, 300000);
  cr_assert_not(a->enabled);
  cr_assert(b->enabled && b->interval_ms == 100 && !b->organization_id && !b->user_id && !b->key);
}

Test(config, without_organizations) {
  cr_assert_not(load("", true));
  cr_assert_not_null(strstr(told(), "no organization is configured: add a section [organization NAME]"), "%s", told());
  expect_well("");
}

Test(config, an_unreadable_ca_file) {
  write_file("k", "key");
  cr_assert_not(load("[api]\nca_file=$/none.pem\n[organization a]\napi_key_file=$/k\n", true));
  cr_assert_not_null(strstr(told(), ":2: could not read"), "%s", told());
}

Test(config, a_ca_file_without_a_certificate) {
  static const char *const texts[] = {"", "key", "-----BEGIN PRIVATE KEY-----\n",
                                      "-----BEGIN CERTIFICATE REQUEST-----\n"};
  static const char section[] = "[api]\nca_file=$/ca\n[organization a]\napi_key_file=$/k\n";
  write_file("k", "key");
  for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
    write_file("ca", texts[i]);
    cr_assert_not(load(section, true), "%s", texts[i]);
    cr_assert_not_null(strstr(told(), ":2: there is no certificate (-----BEGIN CERTIFICATE-----) in \""), "%s", told());
    cr_assert(load(section, false), "who asks nobody needs none: %s", told());
  }
  write_file("ca", "# mine\n-----BEGIN TRUSTED CERTIFICATE-----\n");
  cr_assert(load(section, true), "%s", told());
  cr_assert_not(load("[api]\nca_file=$\n[organization a]\napi_key_file=$/k\n", true));
}

/* Where the machine has a configuration of its own, this cannot be seen. */
Test(config, the_environment_alone) {
  if (access("/etc/closesyncd/closesyncd.conf", F_OK) == 0)
    cr_skip_test("there is a configuration in /etc");
  cr_assert_not(config_load(NULL, true, &config, &problems));
  cr_assert_not_null(strstr(told(), "/etc/closesyncd/closesyncd.conf: there is no such file"), "%s", told());
  buffer_clear(&problems);
  setenv("CLOSE_API_KEY", " \n", 1);
  cr_assert_not(config_load(NULL, true, &config, &problems));
  cr_assert_str_eq(told(), "CLOSE_API_KEY: could not use the key: it is empty\n");
  buffer_clear(&problems);
  setenv("CLOSE_API_KEY", "api_hunter2\n", 1);
  cr_assert(config_load(NULL, true, &config, &problems), "%s", told());
  cr_assert_eq(config->organization_count, 1);
  cr_assert_str_eq(config->organizations[0].name, "default");
  cr_assert_str_eq(secret_expose(config->organizations[0].key), "api_hunter2");
  cr_assert_str_eq(config->database.conninfo, "");
}
