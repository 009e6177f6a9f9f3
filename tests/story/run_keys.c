/* Keys of a running daemon: one that cannot be read is its own organization's failure, none at all is the configuration's, and a refused
 * one that a reload finds unchanged is told. */
#include "support/running.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char *key_of(struct story *story, int organization) {
  return story_format(story, "%s/org%d.key", story_directory(story), organization);
}

static const char *hidden(struct story *story, int organization) {
  return story_format(story, "%s/org%d.key.hidden", story_directory(story), organization);
}

Test(run_keys, one_that_is_missing_stops_nobody_else) {
  struct story *story = story_create_generated(2, 3, 1);
  cr_assert_eq(rename(key_of(story, 2), hidden(story, 2)), 0);
  story_expect_exit(story, 78, "sync", NULL);
  const struct run *run = running_start(story, "200ms");
  running_await(story, run, "could not open key file", 1, 20000);
  running_await(story, run, "organization=org2 organization_id=- outcome=failed", 1, 20000);
  story_await_sql(story, "3", "select count(*) from account", 20000);
  cr_assert_eq(rename(hidden(story, 2), key_of(story, 2)), 0);
  story_signal(story, run, SIGHUP);
  story_await_sql(story, "6", "select count(*) from account", 20000);
  /* Away again: of a bound organization the failure is in the tables, too. */
  cr_assert_eq(rename(key_of(story, 2), hidden(story, 2)), 0);
  story_signal(story, run, SIGHUP);
  story_await_sql(story, "t", "select last_error like 'could not open key file%' from organization where name = 'org2'",
                  20000);
  cr_assert_eq(rename(key_of(story, 1), hidden(story, 1)), 0);
  story_signal(story, run, SIGHUP);
  running_await(story, run, "the old configuration stays in force", 2, 20000);
  running_stop(story, run);
  run = story_expect_exit(story, 78, "run", NULL);
  story_expect_stderr(story, run, "organization \"org1\": could not open key file");
  story_expect_stderr(story, run, "organization \"org2\": could not open key file");
  story_destroy(story);
}

Test(run_keys, that_are_refused_and_unchanged_are_told) {
  struct story *story = story_create_generated(2, 3, 1);
  story_replies(story, "[{\"match\": {\"key\": \"api_story_2\"}, \"status\": 401}]");
  const struct run *run = running_start(story, "200ms");
  running_await(story, run, "Close refuses the key (HTTP 401)", 1, 20000);
  story_signal(story, run, SIGHUP);
  running_await(story, run,
                "the key that Close refuses is the same after the reload: write the new one into its file, and reload "
                "again organization=org2",
                1, 20000);
  cr_assert_eq(running_lines(story, run, "is the same after the reload"), 1);
  running_stop(story, run);
  story_destroy(story);
}
