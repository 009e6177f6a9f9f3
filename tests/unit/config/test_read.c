/* What `check` is told of a configuration that has problems: what was understood, and what is in doubt. */
#include "unit/config/config_fixture.h"

TestSuite(config_read, .init = set_up, .fini = tear_down);

static bool read_text(const char *text) {
  write_file("c.conf", text);
  return config_read(main_file, true, &config, &problems);
}

static const char organization[] = "[organization a]\napi_key_file = /nowhere/key\n";

static bool read_with(const char *lines) {
  char text[1024];
  snprintf(text, sizeof text, "%s\n%s", lines, organization);
  return read_text(text);
}

Test(config_read, keeps_what_was_understood) {
  cr_assert_not(read_with("[sync]\ninterval = never\n[api]\npage_size = 7"));
  cr_assert_not_null(config);
  cr_assert_eq(config->api.page_size, 7);
  cr_assert_eq(config->organization_count, 1);
  cr_assert_null(config->organizations[0].key);
  cr_assert_not(config->doubtful.database || config->doubtful.api);
}

Test(config_read, doubts_a_section_with_a_bad_value_or_key) {
  cr_assert_not(read_with("[database]\nschema ="));
  cr_assert(config->doubtful.database && !config->doubtful.api);
  config_destroy(config);
  cr_assert_not(read_with("[api]\nbase_ur = https://x.example/"));
  cr_assert(!config->doubtful.database && config->doubtful.api);
  config_destroy(config);
  cr_assert_not(read_with("[api]\nca_file = /nowhere/ca"));
  cr_assert(!config->doubtful.database && config->doubtful.api);
}

/* The section may have been meant to be any. */
Test(config_read, doubts_everything_when_a_line_is_not_understood) {
  cr_assert_not(read_with("[databse]\nconninfo = host=elsewhere"));
  cr_assert(config->doubtful.database && config->doubtful.api);
  config_destroy(config);
  cr_assert_not(read_with("[database]\nconninfo"));
  cr_assert(config->doubtful.database && config->doubtful.api);
}

Test(config_read, without_a_file_there_is_nothing) {
  cr_assert_not(config_read(main_file, true, &config, &problems));
  cr_assert_null(config);
}
