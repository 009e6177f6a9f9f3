/* Organizations: one place for a key, and nothing of a key in a message. */
#include "unit/config/config_fixture.h"

TestSuite(config_organization, .init = set_up, .fini = tear_down);

Test(config_organization, exactly_one_place_for_a_key) {
  static const struct problem rows[] = {
      {"[organization a]\n", 1, "organization \"a\" has no key"},
      {"[organization a]\napi_key_file=\n", 1, "organization \"a\" has no key"},
      {"[organization a]\napi_key_file=/x\napi_key_credential=x\n", 3, "both"},
      {"[organization a]\napi_key_credential=../x\n", 2, "plain name"},
      {"[organization a]\napi_key_credential=..\n", 2, "plain name"},
  };
  EXPECT_PROBLEMS(rows);
  expect_problem("[organization a]\napi_key_file=api_hunter2\n", 2, "an absolute path");
  cr_assert_null(strstr(told(), "hunter2"));
  expect_well("[organization a]\nenabled=no\n");
}

Test(config_organization, an_override_may_move_the_key) {
  make_drop_ins();
  write_file("c.conf.d/10.conf", "[organization a]\napi_key_file=\napi_key_credential=x\n");
  expect_well("[organization a]\napi_key_file=/x\n");
  write_file("c.conf.d/10.conf", "[organization a]\napi_key_file=\n");
  expect_problem("[organization a]\napi_key_file=/x\n", 1, "has no key");
}

Test(config_organization, key_files) {
  write_file("k", "\tapi_hunter2\n");
  cr_assert(load("[organization a]\napi_key_file=$/k\n", true), "%s", told());
  cr_assert_str_eq(secret_expose(config->organizations[0].key), "api_hunter2");
  cr_assert(load("[organization a]\napi_key_file=$/none\n", false), "keys are not read: %s", told());
  cr_assert_null(config->organizations[0].key);
  cr_assert_not(load("[organization a]\napi_key_file=$/none\n", true));
  cr_assert_not_null(strstr(told(), ":2: organization \"a\": could not open key file"), "%s", told());
  write_bytes("k", "api_hunter2", 11, 0644);
  cr_assert_not(load("[organization a]\napi_key_file=$/k\n", true));
  cr_assert_not_null(strstr(told(), "others can read it"), "%s", told());
  cr_assert_null(strstr(told(), "hunter2"));
  cr_assert(load("[organization a]\napi_key_file=$/none\nenabled=no\n", true), "%s", told());
  write_bytes("k", "api_hunter2", 11, 0640);
  cr_assert(load("[organization a]\napi_key_file=$/k\n", true), "the group may read it: %s", told());
}

Test(config_organization, credentials) {
  write_file("cred", "api_hunter2");
  cr_assert_not(load("[organization a]\napi_key_credential=cred\n", true));
  cr_assert_not_null(strstr(told(), "\"/run/credentials/closesyncd.service\" holds no file"), "%s", told());
  setenv("CREDENTIALS_DIRECTORY", folder, 1);
  cr_assert(load("[organization a]\napi_key_credential=cred\n", true), "%s", told());
  cr_assert_str_eq(secret_expose(config->organizations[0].key), "api_hunter2");
  cr_assert_not(load("[organization a]\napi_key_credential=api_hunter3\n", true));
  cr_assert_not_null(strstr(told(), "holds no file of the name"), "%s", told());
  cr_assert_null(strstr(told(), "hunter3"), "the key itself is a likely mistake: %s", told());
}

/* /run/credentials/UNIT has mode 0500 and is the service's user's. */
Test(config_organization, credentials_of_another_user) {
  char path[160];
  snprintf(path, sizeof path, "%s/credentials", folder);
  if (geteuid() == 0)
    cr_skip_test("root may look everywhere");
  cr_assert_eq(mkdir(path, 0), 0);
  setenv("CREDENTIALS_DIRECTORY", path, 1);
  cr_assert_not(load("[organization a]\napi_key_credential=cred\n", true));
  cr_assert_not_null(strstr(told(), "sudo -u closesyncd"), "%s", told());
}

Test(config_organization, misspelt_keys) {
  static const struct problem rows[] = {
      {"[organization a]\napi_key_file=/x\napi-key-fil=/y\n", 3,
       "\"api-key-fil\" in [organization a]: the nearest is \"api_key_file\""},
      {"[organization a]\napi_key_file=/x\nintervall=1s\n", 3, "the nearest is \"interval\""},
  };
  EXPECT_PROBLEMS(rows);
}

Test(config_organization, ten_thousand_organizations) {
  char path[128];
  snprintf(path, sizeof path, "%s/c.conf", folder);
  FILE *file = fopen(path, "w");
  for (int i = 0; i < 10000; i++)
    fprintf(file, "[organization o%d]\napi_key_file = /k%d\norganization_id = orga_%d\n", i, i, i);
  fclose(file);
  cr_assert(config_load(main_file, false, &config, &problems), "%s", told());
  cr_assert_eq(config->organization_count, 10000);
  cr_assert_str_eq(config->organizations[9999].name, "o9999");
  cr_assert_str_eq(config_find(config, "o4711")->organization_id, "orga_4711");
}

Test(config_organization, ids_are_bounded) {
  static const char *const keys[] = {"user_id", "organization_id"};
  char text[700], id[502];
  memset(id, '%', 501);
  id[501] = '\0';
  for (size_t i = 0; i < 2; i++) {
    snprintf(text, sizeof text, "[organization a]\napi_key_file=/x\n%s=%s\n", keys[i], id + 1);
    expect_well(text);
    snprintf(text, sizeof text, "[organization a]\napi_key_file=/x\n%s=%s\n", keys[i], id);
    expect_problem(text, 3, "must be an id of at most 500 bytes");
  }
}
