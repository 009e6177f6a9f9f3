/* The pages as a person sees them: a real Chromium looks at a running daemon (tests/support/browser says what it expects of every page).
 * Whatever Close says stands where it belongs and does nothing; what could name a person is hidden, or shown where that was asked for.
 * Without a chromium they are skipped. */
#include "support/cluster.h"
#include "support/running.h"
#include "support/truth.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LONG = 10000, NO_BROWSER = 77 };

#define SCRIPT "<script>hacked=1</script>"
#define MARKUP "\\\"><img src=x onerror=hacked=1><b>"
#define HIDDEN                                                                                                    \
  "--inert '<script' --inert '<img' --inert '<b>' --without mallory@ --without robert@ --without bob@ --without " \
  "Surname "                                                                                                      \
  "--without secret.example --without api_story "
#define OVERRIDE "\xe2\x80\xae"

/* A port that nobody has, for now. */
static const char *listen_anywhere(struct story *story) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t length = sizeof address;
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  cr_assert_eq(bind(fd, (struct sockaddr *)&address, length), 0);
  cr_assert_eq(getsockname(fd, (struct sockaddr *)&address, &length), 0);
  close(fd);
  const char *place = story_format(story, "127.0.0.1:%d", ntohs(address.sin_port));
  story_set(story, "http", "listen", place);
  return place;
}

static void skip_without_browser(void) {
  if (system("command -v chromium >/dev/null") != 0)
    cr_skip_test("there is no chromium here");
}

/* The browser's other words; fails with what did not hold. */
static void look(struct story *story, const char *place, const char *words) {
  const char *said = story_format(story, "%s/browser", story_directory(story));
  const char *source = getenv("CLOSESYNCD_SOURCE"), *shots = getenv("CLOSESYNCD_TEST_SHOTS");
  int status = system(story_format(story, "'%s/tests/support/browser' %s%s http://%s %s >'%s' 2>&1", source,
                                   shots == NULL ? "" : "--shots ", shots == NULL ? "" : shots, place, words, said));
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
    return;
  char text[16384] = "";
  FILE *file = fopen(said, "re");
  if (file != NULL) {
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
  }
  story_fail(story, "the browser: %s", text);
}

/* An account that is hostile wherever it can be, and broken. */
static void put_hostile(struct story *story, const char *id) {
  char *filler = malloc(LONG + 1);
  memset(filler, 'w', LONG);
  filler[LONG] = '\0';
  story_put(story, 1,
            story_format(story,
                         "{\"id\": \"%s\", \"_type\": \"google" SCRIPT "\", \"email\": \"mallory@example.com" SCRIPT
                         "\", \"user_id\": \"user_m\", \"send_status\": \"error\", \"receive_status\": \"" MARKUP
                         "\", \"latest_send_error\": \"535 refused for mallory@example.com " OVERRIDE SCRIPT "%s\", "
                         "\"default_identity\": {\"name\": \"Mallory Surname " MARKUP
                         "\", \"email\": \"mallory@example.com\"}, "
                         "\"new_" MARKUP "\": \"%s\", \"smtp\": {\"host\": \"smtp.secret.example\"}}",
                         id, filler, filler));
  free(filler);
}

/* Where there is a lynx, it reads the first page too. */
static void read_with_lynx(struct story *story, const char *place, const char *words) {
  const char *command =
      story_format(story, "! command -v lynx >/dev/null || lynx -dump 'http://%s/' | grep -q '%s'", place, words);
  cr_assert_eq(system(command), 0, "lynx does not show \"%s\"", words);
}

static struct story *open_story(void) {
  struct story *story = story_create(3);
  story_set(story, "sync", "interval", "1h");
  story_set(story, "sync", "members", "yes");
  story_spare(story, TRUTH_MIRROR, "an entry without an id is set aside, and the simulator lists it");
  put_hostile(story, "emailacct_<b>" SCRIPT);
  story_put(story, 1,
            "{\"id\": \"emailacct_plain\", \"_type\": \"google\", \"email\": \"bob@example.com\", \"user_id\": "
            "\"user_b\", \"send_status\": \"ok\"}");
  story_put(story, 1, "{\"id\": \"\", \"_type\": \"" SCRIPT "\"}"); /* set aside */
  story_put(story, 3, "{\"id\": \"emailacct_3\", \"_type\": \"zoom\", \"email\": \"eve@example.com\"}");
  story_expect_exit(story, 0, "sync", NULL);
  story_edit(story, 1, "emailacct_plain",
             "{\"email\": \"robert@example.com\", \"send_status\": \"error\", \"latest_send_error\": \"token " MARKUP
             " expired\"}");
  story_replies(story, "[{\"match\": {\"path\": \"/connected_account/\", \"key\": \"api_story_2\"}, \"status\": 401, "
                       "\"body\": \"{\\\"error\\\": \\\"" SCRIPT "\\\"}\"}]");
  story_expect_exit(story, 1, "sync", NULL);
  return story;
}

static void expect_end(struct story *story, const struct run *run) {
  story_signal(story, run, SIGTERM);
  story_wait(story, run, 10000);
  cr_assert_eq(run->exit_status, 0, "%s", run->err);
  story_destroy(story);
}

Test(page_in_a_browser, masked) {
  skip_without_browser();
  struct story *story = open_story();
  const char *place = listen_anywhere(story);
  const struct run *run = story_start(story, "run", NULL);
  running_await(story, run, "running organizations=3", 1, 20000);
  look(story, place,
       "-- / " HIDDEN "--with failing --with 'HTTP 401' --with 'needs attention' -- '/?state=failing' " HIDDEN
       "--with org2 -- '/?name=%3Cscript%3E%22&state=%3Cb%3E' " HIDDEN "--with 'No organization is like this' "
       "-- /organization/org1 " HIDDEN "--without 'Person user' --with 'cannot send' --with '535 refused for •••' "
       "--with send_status --with 'rejected entry' --with user_b --with 'Nobody had looked before' --with 'History "
       "rows' "
       "-- '/organization/%3Cb%3Enobody' --status 404 " HIDDEN "--with 'no such organization'");
  read_with_lynx(story, place, "1 of 3 organizations needs attention");
  expect_end(story, run);
}

Test(page_in_a_browser, shown) {
  skip_without_browser();
  struct story *story = open_story();
  const char *place = listen_anywhere(story);
  story_set(story, "http", "show_addresses", "yes");
  const struct run *run = story_start(story, "run", NULL);
  running_await(story, run, "running organizations=3", 1, 20000);
  look(story, place,
       "-- /organization/org1 --inert '<script' --inert '<img' --with 'mallory@example.com<script>hacked=1</script>' "
       "--with robert@example.com --with bob@example.com --with 'Person user_b' -- /organization/org2 --with failing "
       "--with 'Nothing was ever seen'");
  expect_end(story, run);
}

/* The database goes away under it: the page says so, and tells what it remembers. */
/* A session that ended is told before it is known that there is no other one. */
static void await_away(struct story *story, const char *place) {
  const char *wait = story_format(story,
                                  "python3 -c \"import time, urllib.request as u\n"
                                  "for i in range(200):\n"
                                  " if b'closesyncd_database_up 0' in u.urlopen('http://%s/metrics').read(): exit(0)\n"
                                  " time.sleep(.1)\n"
                                  "exit(1)\"",
                                  place);
  if (system(wait) != 0)
    story_fail(story, "the database never was away");
}

Test(page_in_a_browser, the_database_is_away) {
  skip_without_browser();
  struct story *story = own_cluster_story(2, 5);
  const char *place = listen_anywhere(story);
  story_set(story, "sync", "interval", "1h");
  const struct run *run = story_start(story, "run", NULL);
  running_await(story, run, "running organizations=2", 1, 20000);
  look(story, place, "-- /organization/org1 --with 'Broken accounts' --with google");
  cluster_kill(story);
  running_await(story, run, "could not use the database", 1, 20000);
  await_away(story, place);
  look(story, place,
       "-- / --with 'The database is away' --with org2 -- /organization/org1 --with 'The database has been away' "
       "--with 'as "
       "this "
       "daemon remembers them' --with google");
  cluster_restart(story);
  expect_end(story, run);
}
