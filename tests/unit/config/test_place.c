/* What belongs to a service is found by hand where systemd put it, and an instance's is not another one's. */
#include "config/place.h"
#include <criterion/criterion.h>
#include <stdlib.h>

static void clear(void) {
  unsetenv("CREDENTIALS_DIRECTORY");
  unsetenv("STATE_DIRECTORY");
}

TestSuite(config_place, .init = clear);

static void expect_places(const char *path, const char *credentials, const char *state) {
  struct buffer folder;
  buffer_init(&folder, 8192);
  cr_assert(place_of_credentials(path, &folder));
  cr_expect_str_eq(folder.bytes, credentials, "%s", path);
  buffer_clear(&folder);
  cr_assert(place_of_state(path, &folder));
  cr_expect_str_eq(folder.bytes, state, "%s", path);
  buffer_finish(&folder);
}

Test(config_place, by_hand_is_the_service_s) {
  static const char *const own[] = {NULL,
                                    "/etc/closesyncd/closesyncd.conf",
                                    "/etc/closesyncd/.conf",
                                    "/etc/closesyncd/a/b.conf",
                                    "/etc/closesyncd/b.conf.old",
                                    "/etc/other/b.conf",
                                    "b.conf",
                                    ""};
  for (size_t i = 0; i < sizeof own / sizeof own[0]; i++)
    expect_places(own[i], "/run/credentials/closesyncd.service", "/var/lib/closesyncd");
  expect_places("/etc/closesyncd/b.conf", "/run/credentials/closesyncd@b.service", "/var/lib/closesyncd/b");
  expect_places("/etc/closesyncd/x-1.y.conf", "/run/credentials/closesyncd@x-1.y.service", "/var/lib/closesyncd/x-1.y");
}

Test(config_place, is_what_systemd_says) {
  setenv("CREDENTIALS_DIRECTORY", "/run/credentials/mine", 1);
  setenv("STATE_DIRECTORY", "/var/lib/mine:/var/lib/second", 1);
  expect_places("/etc/closesyncd/b.conf", "/run/credentials/mine", "/var/lib/mine");
  setenv("CREDENTIALS_DIRECTORY", "mine", 1);
  setenv("STATE_DIRECTORY", "", 1);
  expect_places(NULL, "/run/credentials/closesyncd.service", "/var/lib/closesyncd");
}
