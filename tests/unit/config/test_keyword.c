/* The list of keywords is libpq's own: what the configuration refuses, libpq would, and what libpq takes is not refused. */
#include "config/keyword.h"
#include <criterion/criterion.h>
#include <libpq-fe.h>
#include <stdio.h>
#include <string.h>

Test(config_keyword, all_of_libpq_are_known) {
  PQconninfoOption *options = PQconndefaults();
  cr_assert_not_null(options);
  for (const PQconninfoOption *option = options; option->keyword != NULL; option++)
    cr_expect(config_keyword_is_known(option->keyword), "libpq knows \"%s\"", option->keyword);
  PQconninfoFree(options);
}

Test(config_keyword, no_others_are_known) {
  char conninfo[64];
  for (size_t i = 0; config_keyword_at(i) != NULL; i++) {
    char *message = NULL;
    snprintf(conninfo, sizeof conninfo, "%s=1", config_keyword_at(i));
    PQconninfoOption *options = PQconninfoParse(conninfo, &message);
    cr_expect(options != NULL, "%s", message);
    PQconninfoFree(options);
    PQfreemem(message);
  }
  cr_assert_not(config_keyword_is_known("bogus") || config_keyword_is_known("Host") || config_keyword_is_known(""));
}

Test(config_keyword, the_nearest_is_what_was_meant) {
  static const char *const meant[][2] = {
      {"sslmod", "sslmode"},  {"SSLMODE", "sslmode"}, {"hots", "host"}, {"hst", "host"}, {"prot", "port"},
      {"passwd", "password"}, {"dbnam", "dbname"},    {"bogus", NULL},  {"", NULL},      {"host_addr", "hostaddr"}};
  for (size_t i = 0; i < sizeof meant / sizeof meant[0]; i++) {
    const char *nearest = config_keyword_nearest(meant[i][0]);
    cr_expect_str_eq(nearest ? nearest : "none", meant[i][1] ? meant[i][1] : "none", "%s", meant[i][0]);
  }
}
