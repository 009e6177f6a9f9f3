/* Coverage: complete listings that followed one another, the longest state that can have gone unseen among them, and a new row
 * after a gap. Guarded sweeps extend it; incomplete and failed ones do not. */
#include "support/running.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>

static const char ROWS[] = "select string_agg(sweeps::text, ',' order by from_at) from coverage";

static const char *sweep(struct story *story, int exit_status) {
  story_expect_exit(story, exit_status, "sync", NULL);
  return story_sql(story, "select listed_at from organization");
}

static void nap(struct story *story, const char *seconds) {
  story_sql(story, story_format(story, "select pg_sleep(%s)", seconds));
}

/* The newest row ends with that sweep, and its longest gap is no smaller than the distance of these two starts. */
static void expect_span(struct story *story, const char *from, const char *until, const char *start, const char *next) {
  story_expect_sql(story, story_format(story, "%s %s", from, until),
                   "select from_at || ' ' || until_at from coverage order by from_at desc limit 1");
  story_expect_sql(
      story, "t",
      story_format(story,
                   "select longest_gap between '%s'::timestamptz - '%s' and '%s'::timestamptz - '%s' + interval '10 s'"
                   " from coverage order by from_at desc limit 1",
                   next, start, next, start));
}

Test(coverage, grows_with_each_complete_sweep) {
  struct story *story = story_create_generated(1, 3, 2);
  const char *first = sweep(story, 0);
  expect_span(story, first, first, first, first);
  nap(story, "0.4");
  const char *second = sweep(story, 0);
  expect_span(story, first, second, first, second);
  const char *third = sweep(story, 0);
  story_change(story, 100, 3);
  const char *fourth = sweep(story, 0);
  expect_span(story, first, fourth, first, second); /* the nap is still the longest */
  story_expect_sql(story, "4", ROWS);
  story_expect_sql(story, fourth, "select last_swept_at from organization");
  story_expect_exact(story);
  cr_assert_str_neq(third, fourth);
  story_destroy(story);
}

Test(coverage, counts_the_time_that_a_slow_listing_takes) {
  struct story *story = story_create_generated(1, 3, 2);
  sweep(story, 0);
  nap(story, "0.5");
  story_replies(story, "[{\"match\": {\"path\": \"/connected_account/\"}, \"times\": 1, \"delay_ms\": 600}]");
  sweep(story, 0); /* a state can have begun with the first one's list and ended before this one's was made */
  sweep(story, 0);
  story_expect_sql(story, "t", "select longest_gap >= interval '1100 ms' from coverage");
  story_expect_sql(story, "3", ROWS);
  story_expect_exact(story);
  cr_assert_eq(story_count(story, "select count(*) from coverage"), 1);
  story_destroy(story);
}

Test(coverage, begins_again_after_a_gap) {
  struct story *story = story_create_generated(1, 3, 2);
  story_set(story, "sync", "gap", "1s");
  const char *first = sweep(story, 0);
  nap(story, "1.2");
  const char *second = sweep(story, 0);
  story_expect_sql(story, "1,1", ROWS);
  expect_span(story, second, second, second, second);
  const char *third = sweep(story, 0);
  story_expect_sql(story, "1,2", ROWS);
  expect_span(story, second, third, second, third);
  story_set(story, "sync", "gap", "1h");
  nap(story, "1.2");
  sweep(story, 0);
  story_expect_sql(story, "1,3", ROWS);
  story_expect_sql(story, first, "select until_at from coverage order by from_at limit 1");
  cr_assert_str_neq(first, third);
  story_expect_exact(story);
  story_destroy(story);
}

Test(coverage, is_not_extended_by_incomplete_and_failed_sweeps) {
  struct story *story = story_create_generated(1, 6, 2);
  const char *first = sweep(story, 0);
  story_replies(story, "[{\"match\": {\"path\": \"/connected_account/\"}, \"status\": 500}]");
  sweep(story, 1);
  const char *id = story_sql(story, "select account_id from account limit 1");
  story_remove(story, 1, id);
  story_replies(story,
                story_format(story, "[{\"match\": {\"path\": \"/connected_account/%s/\"}, \"status\": 500}]", id));
  sweep(story, 1);
  expect_span(story, first, first, first, first);
  story_expect_sql(story, first, "select last_swept_at from organization");
  story_accounts(story, 1, "[]");
  story_replies(story, "[]");
  const char *guarded = sweep(story, 3);
  expect_span(story, first, guarded, first, guarded);
  const char *again = sweep(story, 3);
  expect_span(story, first, again, first, guarded);
  story_expect_sql(story, "3", ROWS);
  story_expect_history(story);
  cr_assert_str_neq(guarded, again);
  story_destroy(story);
}

/* One sweep after the step back, the next when the old time is reached again: as if an hour had not been watched. */
Test(coverage, says_how_far_the_clock_stepped_back) {
  struct story *story = story_create_generated(1, 3, 2);
  story_set(story, "sync", "gap", "30m");
  sweep(story, 0);
  story_sql(story, "update organization set last_swept_at = last_swept_at + '1 h', listed_at = listed_at + '1 h';"
                   "update coverage set until_at = until_at + '1 h', sweeps = 61, longest_gap = '61 s'");
  sweep(story, 0);
  story_expect_sql(story, "t",
                   "select count(*) = 1 and bool_and(until_at - from_at = '1 h' and pending_gap between '1 h' and '1.5 "
                   "h') from coverage");
  story_sql(story, "update organization set last_swept_at = last_swept_at - interval '1 h';"
                   "update coverage set until_at = until_at - interval '1 h'"); /* an hour later */
  sweep(story, 0);
  story_expect_sql(story, "t", "select longest_gap between '59 min' and '1.5 h' from coverage");
  story_expect_exact(story);
  story_destroy(story);
}

/* The daemon owes more than a gap's worth of sweeps when another process sweeps. Whether it goes on, or is stopped: no hole. */
static void expect_no_hole(bool goes_on) {
  struct story *story = story_create_generated(1, 3, 2);
  story_set(story, "sync", "gap", "6s");
  story_set(story, "sync", "flush_interval", "1h");
  const struct run *run = running_start(story, "500ms");
  running_await_requests(story, 1, 2, 10000);
  running_sleep(8000);
  story_expect_exit(story, 0, "sync", NULL);
  const char *path = story_format(story, "%s/head", story_directory(story));
  const struct run *head = story_expect_exit(story, 0, "verify", "--head", NULL);
  FILE *file = fopen(path, "we");
  cr_assert(file != NULL && fputs(head->out, file) >= 0 && fclose(file) == 0);
  if (goes_on) {
    story_await_sql(story, "t", "select sum(sweeps) > 8 from coverage", 10000); /* it did not wait for flush_interval */
    running_sleep(1500);
  }
  running_stop(story, run);
  story_expect_sql(story, "t",
                   "select was_watching('orga_story1', min(from_at), max(until_at)) and max(until_at) = (select "
                   "last_swept_at from organization) and unseen_at_most('orga_story1', min(from_at), max(until_at)) < "
                   "'6 s' from coverage");
  long listed = story_request_count(story, "/connected_account/");
  long swept = story_count(story, "select sum(sweeps) from coverage"); /* one may have been cut short by the stop */
  cr_assert(swept == listed || swept == listed - 1, "%ld sweeps, %ld listings", swept, listed);
  story_expect_exit(story, 0, "verify", "--since", path, NULL);
  story_expect_exact(story);
  story_destroy(story);
}

Test(coverage, has_no_hole_where_another_process_sweeps) { expect_no_hole(true); }
Test(coverage, has_no_hole_where_another_process_sweeps_last) { expect_no_hole(false); }

/* What is owed was collected under the old gap, and is written down under it. */
Test(coverage, of_a_shorter_interval_begins_with_that_interval) {
  struct story *story = story_create_generated(1, 2, 3);
  story_set(story, "sync", "flush_interval", "1h");
  const struct run *run = running_start(story, "1500ms");
  running_await_requests(story, 1, 5, 20000);
  story_set(story, "sync", "interval", "200ms");
  story_signal(story, run, SIGHUP);
  running_await(story, run, "the new configuration is in force", 1, 5000);
  long count = running_requests(story, 1, "", NULL, 0);
  running_await_requests(story, 1, count + 4, 10000);
  running_stop(story, run);
  story_expect_sql(story, "t",
                   "select sum(until_at - from_at) filter (where is_first) >= interval '3 s' from (select *, from_at = "
                   "min(from_at) over () as is_first from coverage) as span");
  story_destroy(story);
}
