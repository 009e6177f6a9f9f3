/* A daemon that meets the same outcome again and again counts it and writes it down together: one row of sweep, its attempts rising, no
 * revision; and the count is complete when it stops (contract 5.2). */
#include "support/story.h"
#include <criterion/criterion.h>
#include <signal.h>

Test(run_counts_repeats, of_a_guarded_listing) {
  struct story *story = story_create_generated(1, 10, 1);
  story_set(story, "sync", "interval", "100ms");
  story_set(story, "sync", "flush_interval", "1h");
  story_expect_exit(story, 0, "sync", NULL);
  const char *history = story_dump(story, STORY_BOOKKEEPING);
  story_accounts(story, 1, "[]");
  const struct run *run = story_start(story, "run", NULL);
  story_await_sql(story, "guarded", "select max(outcome) from sweep where outcome <> 'changed'", 10000);
  const char *revision = story_sql(story, "select revision from organization");
  story_forget_requests(story);
  while (story_request_count(story, "/connected_account/") < 10)
    cr_assert_not(story_ended(story, run));
  story_expect_sql(story, "1", "select attempts from sweep where outcome = 'guarded'");
  story_signal(story, run, SIGTERM);
  story_wait(story, run, 5000);
  cr_assert_eq(run->exit_status, 0);
  story_expect_sql(story, "1", "select count(*) from sweep where outcome = 'guarded'");
  cr_assert_gt(story_count(story, "select attempts from sweep where outcome = 'guarded'"), 8);
  story_expect_sql(story, revision, "select revision from organization");
  story_expect_same(story, history, story_dump(story, STORY_BOOKKEEPING));
  story_destroy(story);
}

/* Unchanged sweeps that nobody wrote down are no failures. */
Test(run_counts_repeats, of_a_failure_alone) {
  struct story *story = story_create_generated(1, 3, 1);
  story_set(story, "sync", "interval", "100ms");
  story_set(story, "sync", "flush_interval", "1h");
  const struct run *run = story_start(story, "run", NULL);
  story_await_sql(story, "changed", "select max(outcome) from sweep", 10000);
  story_forget_requests(story);
  while (story_request_count(story, "/connected_account/") < 10)
    cr_assert_not(story_ended(story, run));
  story_replies(story, "[{\"match\": {\"path\": \"/connected_account/\"}, \"status\": 500}]");
  story_await_sql(story, "failed", "select last_outcome from organization", 10000);
  story_expect_sql(story, "1 1",
                   "select attempts || ' ' || consecutive_failures from sweep, organization "
                   "where outcome = 'failed'");
  story_signal(story, run, SIGTERM);
  story_wait(story, run, 5000);
  cr_assert_eq(run->exit_status, 0);
  story_expect_sql(story, "t",
                   "select attempts = consecutive_failures from sweep, organization where outcome = 'failed'");
  cr_assert_gt(story_count(story, "select sum(sweeps) from coverage"), 8);
  story_destroy(story);
}
