/* One slip of the finger is forgiven in any word, two in a longer one, and another word is another word. */
#include "base/nearest.h"
#include <criterion/criterion.h>
#include <string.h>

static const char *known(const void *context, size_t index) {
  static const char *const words[] = {
      "run", "sync", "plan", "status", "migrate", "allow-removals", "interval", "statement_timeout", NULL};
  (void)context;
  return words[index];
}

Test(nearest, is_what_was_meant) {
  static const char *const meant[][2] = {{"rnu", "run"},
                                         {"snyc", "sync"},
                                         {"synk", "sync"},
                                         {"stauts", "status"},
                                         {"Status", "status"},
                                         {"mgirat", "migrate"},
                                         {"intervall", "interval"},
                                         {"allow_removals", "allow-removals"},
                                         {"statment-timout", "statement_timeout"},
                                         {"statemen_timeot", "statement_timeout"},
                                         {"stat", "status"},
                                         {"inter", "interval"},
                                         {"statement", "statement_timeout"},
                                         {"sweep", NULL},
                                         {"pl", NULL},
                                         {"", NULL},
                                         {"plane", "plan"},
                                         {"sn", NULL},
                                         {"timeout", NULL}};
  for (size_t i = 0; i < sizeof meant / sizeof meant[0]; i++) {
    const char *nearest = nearest_word(meant[i][0], known, NULL);
    cr_expect_str_eq(nearest ? nearest : "none", meant[i][1] ? meant[i][1] : "none", "%s", meant[i][0]);
  }
}

Test(nearest, of_a_word_without_end_is_none) {
  char endless[1000];
  memset(endless, 'n', sizeof endless - 1);
  endless[sizeof endless - 1] = '\0';
  cr_assert_null(nearest_word(endless, known, NULL));
  endless[63] = '\0';
  cr_assert_null(nearest_word(endless, known, NULL));
}
