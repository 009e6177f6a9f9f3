/* The database's clock is ahead for a while and then right again: whatever was observed meanwhile, no row may say that its change
 * happened when it did not. By the database's clock: what Close did while it was wrong happened at the time it showed then. */
#include "fault/living.h"
#include "support/asking.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

enum { HOUR_S = 3600, DAY_S = 24 * HOUR_S };

static bool begin(struct living *living) {
  struct story *story = own_cluster_story(1, 0);
  if (!cluster_take_clock(story)) {
    story_destroy(story);
    return false;
  }
  story_spare(story, TRUTH_DATED, "what was seen last at a time that lies ahead has no not_before");
  living_begin(living, story, NULL);
  return true;
}

/* Changes before, while and after the clock is ahead; some of them next to its steps, some seen by a sweep before. */
static void live_through(long ahead_s, const char *name) {
  struct living living;
  if (!begin(&living))
    cr_skip_test("there is no libfaketime (package faketime)");
  struct story *story = living.story;
  living_change(&living, "right");
  living_await(&living, "right");
  living_settle(&living);
  cluster_set_clock(story, ahead_s);
  living_settle(&living);
  living_change(&living, "ahead");
  living_await(&living, "ahead");
  living_settle(&living);
  cluster_set_clock(story, 0);
  living_change(&living, "back");
  living_await(&living, "back");
  living_settle(&living);
  living_change(&living, "later");
  living_await(&living, "later");
  living_settle(&living);
  expect_living_true(&living, name);
  living_end(&living, name);
}

Test(clock, two_hours_ahead_and_back) { live_through(2L * HOUR_S, "clocks that were two hours ahead and went back"); }

Test(clock, ten_years_ahead_and_back) { live_through(3653L * DAY_S, "clocks that were ten years ahead and went back"); }

Test(clock, a_minute_behind_and_right_again) { live_through(-60, "clocks that were a minute behind and went on"); }

/* Nobody sweeps while it is ahead but another process, which dies; `run` remembers right times. */
Test(clock, ahead_for_one_sweep_of_another_process) {
  struct living living;
  if (!begin(&living))
    cr_skip_test("there is no libfaketime (package faketime)");
  struct story *story = living.story;
  running_stop(story, living.run);
  cluster_set_clock(story, 2L * HOUR_S);
  living_change(&living, "ahead");
  story_expect_exit(story, 0, "sync", NULL);
  story_expect_exit(story, 0, "sync", NULL);
  cluster_set_clock(story, 0);
  living.run = running_start(story, NULL);
  living_settle(&living);
  living_change(&living, "back");
  living_await(&living, "back");
  living_settle(&living);
  expect_living_true(&living, "one sweep ahead");
  living_end(&living, "clocks that were two hours ahead for one sweep");
}

static void expect_status(struct story *story, const char *part, bool is_told) {
  const struct run *status = story_expect_exit(story, 0, "status", NULL);
  bool found = strstr(status->out, part) != NULL || strstr(status->err, part) != NULL;
  if (found != is_told)
    story_fail(story, "status %s \"%s\"", is_told ? "does not say" : "says", part);
}

/* `run`, `status` and the metrics say so, with both times. */
Test(clock, and_is_told) {
  static const char apart[] = "the clocks of the database and of this machine differ by more than a minute: it is ",
                    back[] = "the database's clock went back: it is ";
  struct story *story = own_cluster_story(1, 0);
  if (!cluster_take_clock(story)) {
    story_destroy(story);
    cr_skip_test("there is no libfaketime (package faketime)");
  }
  struct living living;
  story_spare(story, TRUTH_DATED, "what was seen last at a time that lies ahead has no not_before");
  asking_listen(story);
  living_begin(&living, story, NULL);
  cr_assert_float_eq(asking_metric(story, "closesyncd_database_clock_skew_seconds"), 0, 5);
  cr_assert_eq(asking_metric(story, "closesyncd_database_clock_behind_seconds"), 0);
  expect_status(story, apart, false);
  expect_status(story, back, false);
  cluster_set_clock(story, 2L * HOUR_S);
  living_change(&living, "ahead");
  living_await(&living, "ahead");
  living_settle(&living);
  running_await(story, living.run, apart, 1, 10000);
  cr_assert_float_eq(asking_metric(story, "closesyncd_database_clock_skew_seconds"), 2 * HOUR_S, 60);
  expect_status(story, apart, true);
  cluster_set_clock(story, 0);
  running_await(story, living.run, back, 1, 10000);
  running_await(story, living.run, "the clocks of the database and of this machine agree again ", 1, 10000);
  cr_assert_float_eq(asking_metric(story, "closesyncd_database_clock_skew_seconds"), 0, 5);
  cr_assert_float_eq(asking_metric(story, "closesyncd_database_clock_behind_seconds"), 2 * HOUR_S, 60);
  expect_status(story, apart, false);
  expect_status(story, back, true);
  expect_living_true(&living, "told");
  living_end(&living, "clocks that were two hours ahead, and told");
}
