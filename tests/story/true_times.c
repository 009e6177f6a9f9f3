/* Times are the database's and say no more than is known: a change happened in (not_before, observed_at], not_before being the start
 * of the last sweep whose listing showed the old state; for an addition, of the last complete one without it. */
#include "support/running.h"
#include "support/truth.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdlib.h>

static const char NOW[] = "select clock_timestamp()";

/* One sweep; says when it started. The database's clock before and after encloses what it wrote. */
static const char *sweep(struct story *story, int exit_status) {
  const char *before = story_sql(story, NOW);
  story_expect_exit(story, exit_status, "sync", NULL);
  const char *started_at = story_sql(story, "select listed_at from organization");
  story_expect_sql(
      story, "t",
      story_format(story, "select '%s'::timestamptz between '%s' and clock_timestamp()", started_at, before));
  story_expect_sql(
      story, "t",
      story_format(
          story,
          "select coalesce(bool_and(observed_at between '%s' and clock_timestamp()), true) from account_history"
          " where sweep_id = (select max(sweep_id) from sweep where started_at = '%s')",
          started_at, started_at));
  return started_at;
}

static void put(struct story *story, const char *id, const char *status) {
  story_put(story, 1,
            story_format(story, "{\"id\": \"%s\", \"_type\": \"zoom\", \"send_status\": \"%s\"}", id, status));
}

/* The newest history row of the account is such a change, not before that. */
static void expect_change(struct story *story, const char *id, const char *change, const char *not_before) {
  story_expect_sql(
      story, story_format(story, "%s %s", change, not_before),
      story_format(story,
                   "select change || ' ' || coalesce(not_before::text, 'NULL') from account_history where account_id = "
                   "'%s' order by version desc limit 1",
                   id));
}

static struct story *with_accounts(int count) {
  struct story *story = story_create(1);
  for (int i = 1; i <= count; i++)
    put(story, story_format(story, "a%d", i), "ok");
  return story;
}

Test(true_times, of_what_came_changed_went_and_came_back) {
  struct story *story = with_accounts(3);
  sweep(story, 0);
  expect_change(story, "a1", "added", "NULL");
  put(story, "a1", "error");
  story_remove(story, 1, "a2");
  put(story, "a4", "ok");
  const char *first = story_sql(story, "select listed_at from organization");
  sweep(story, 0);
  expect_change(story, "a1", "changed", first);
  expect_change(story, "a2", "removed", first);
  expect_change(story, "a3", "added", "NULL");
  expect_change(story, "a4", "added", first);
  const char *third = sweep(story, 0); /* unchanged: what follows happened after it */
  put(story, "a2", "ok");
  put(story, "a1", "ok");
  sweep(story, 0);
  expect_change(story, "a2", "added", third);
  expect_change(story, "a1", "changed", third);
  story_expect_sql(
      story, "1,2,3",
      "select string_agg(version::text, ',' order by version) from account_history where account_id = 'a2'");
  story_expect_sql(
      story, "t",
      "select first_seen_at = changed_at and first_seen_at = (select max(observed_at) from account_history)"
      " from account where account_id = 'a2'");
  story_expect_exact(story);
  story_destroy(story);
}

Test(true_times, begin_before_the_first_request_and_end_after_the_last_reply) {
  struct story *story = with_accounts(1);
  story_replies(story, "[{\"match\": {\"path\": \"/connected_account/\"}, \"delay_ms\": 300}]");
  sweep(story, 0);
  put(story, "a1", "error");
  sweep(story, 0);
  story_expect_sql(story, "t",
                   "select bool_and(observed_at - started_at >= interval '300 ms') from account_history join sweep "
                   "using (sweep_id)");
  story_expect_sql(story, "t",
                   "select bool_and(finished_at >= observed_at) from account_history join sweep using (sweep_id)");
  story_expect_exact(story);
  cr_assert_eq(story_count(story, "select count(*) from account_history"), 2);
  story_destroy(story);
}

Test(true_times, after_an_incomplete_sweep) {
  struct story *story = with_accounts(3);
  const char *complete = sweep(story, 0);
  story_remove(story, 1, "a3");
  story_replies(story, "[{\"match\": {\"path\": \"/connected_account/a3/\"}, \"status\": 500}]");
  const char *incomplete = sweep(story, 1);
  story_expect_sql(story, complete, "select last_swept_at from organization");
  put(story, "a1", "error"); /* the incomplete listing showed it as it was */
  put(story, "a4", "ok");
  story_replies(story, "[]");
  sweep(story, 0);
  expect_change(story, "a1", "changed", incomplete);
  expect_change(story, "a3", "removed", complete);
  expect_change(story, "a4", "added", complete);
  story_expect_exact(story);
  cr_assert_str_neq(complete, incomplete);
  story_destroy(story);
}

Test(true_times, after_several_that_did_not_show_an_account) {
  struct story *story = with_accounts(3);
  const char *complete = sweep(story, 0);
  story_remove(story, 1, "a3");
  story_replies(story, "[{\"match\": {\"path\": \"/connected_account/a3/\"}, \"status\": 500}]");
  sweep(story, 1);
  sweep(story, 1);
  story_replies(story, "[{\"match\": {\"path\": \"/connected_account/\"}, \"status\": 500}]");
  story_expect_exit(story, 1, "sync", NULL); /* and one that showed nothing at all */
  put(story, "a3", "error");
  story_replies(story, "[]");
  sweep(story, 0);
  expect_change(story, "a3", "changed", complete);
  const char *last = sweep(story, 0);
  put(story, "a3", "ok");
  sweep(story, 0);
  expect_change(story, "a3", "changed", last);
  story_expect_exact(story);
  cr_assert_eq(story_count(story, "select count(*) from account_digest where seen_at is not null"), 0);
  story_destroy(story);
}

Test(true_times, after_a_guarded_sweep) {
  struct story *story = with_accounts(6);
  const char *complete = sweep(story, 0);
  for (int i = 3; i <= 6; i++)
    story_remove(story, 1, story_format(story, "a%d", i));
  const char *guarded = sweep(story, 3);
  story_expect_sql(story, guarded, "select last_swept_at from organization"); /* it was complete */
  put(story, "a1", "error");
  put(story, "a3", "error"); /* not shown by the guarded one */
  put(story, "a7", "ok");
  for (int i = 4; i <= 5; i++)
    put(story, story_format(story, "a%d", i), "ok");
  sweep(story, 0);
  expect_change(story, "a1", "changed", guarded);
  expect_change(story, "a3", "changed", complete);
  expect_change(story, "a4", "added", "NULL");
  expect_change(story, "a6", "removed", complete);
  expect_change(story, "a7", "added", guarded);
  story_expect_exact(story);
  cr_assert_str_neq(complete, guarded);
  story_destroy(story);
}

/* The list is one page that promises more, and more is the same page again. */
static const char MOVING[] =
    "[{\"match\": {\"path\": \"/connected_account/\", \"skip\": 0}, \"has_more\": \"true\"},"
    " {\"match\": {\"path\": \"/connected_account/\", \"query\": \"_skip\"}, \"serve_skip\": 0}]";

Test(true_times, when_the_first_sweep_is_incomplete) {
  struct story *story = with_accounts(2);
  story_replies(story, MOVING);
  const char *incomplete = sweep(story, 1);
  expect_change(story, "a1", "added", "NULL");
  story_expect_sql(story, "0", "select count(*) from coverage");
  story_expect_sql(story, "t", "select last_swept_at is null and last_verified_at is null from organization");
  story_replies(story, "[]");
  put(story, "a1", "error");
  put(story, "a3", "ok");
  const char *complete = sweep(story, 0);
  expect_change(story, "a1", "changed", incomplete);
  expect_change(story, "a2", "added", "NULL");
  expect_change(story, "a3", "added", "NULL"); /* no complete sweep knows that it was not there */
  story_expect_sql(story, story_format(story, "%s 1", complete), "select until_at || ' ' || sweeps from coverage");
  story_expect_sql(story, "t", "select last_swept_at = last_verified_at from organization");
  story_expect_exact(story);
  cr_assert_str_neq(complete, incomplete);
  story_destroy(story);
}

Test(true_times, never_go_back) {
  struct story *story = with_accounts(2);
  sweep(story, 0);
  story_sql(story,
            "update organization set listed_at = listed_at + interval '1 hour'"); /* as if the clock had gone back */
  put(story, "a1", "error");
  story_expect_exit(story, 0, "sync", NULL);
  story_expect_sql(story, "t",
                   "select not_before = (select started_at from sweep where sweep_id = 1) from account_history where "
                   "account_id = 'a1' and version = 2"); /* what is certain */
  story_remove(story, 1, "a1");
  put(story, "a2", "error");
  story_expect_exit(story, 0, "sync", NULL);
  story_expect_exact(story);
  cr_assert_eq(story_count(story, "select count(*) from account_history"), 5);
  story_destroy(story);
}

Test(true_times, never_go_back_behind_an_unchanged_sweep) {
  struct story *story = with_accounts(2);
  sweep(story, 0);
  story_sql(story, "update organization set listed_at = listed_at + '1 h', last_swept_at = last_swept_at + '1 h';"
                   "update coverage set until_at = until_at + '1 h'");
  story_expect_exit(story, 0, "sync", NULL);
  put(story, "a3", "ok");
  story_expect_exit(story, 0, "sync", NULL);
  story_sql(story, "update account_digest set seen_at = now() + '2 h'"); /* as if a listing had not shown them */
  put(story, "a1", "error");
  story_remove(story, 1, "a2");
  story_expect_exit(story, 0, "sync", NULL);
  story_expect_exit(story, 0, "verify", NULL);
  story_expect_exact(story);
  cr_assert_eq(story_count(story, "select count(*) from account_history"), 5);
  story_destroy(story);
}

/* What one process remembers of the last outcome is not true any more when another one wrote in between: the accounts were back. */
Test(true_times, of_what_came_back_between_two_guarded_sweeps) {
  static const char gone[] = "select count(*) from account_digest where seen_at is not null";
  struct story *story = story_create_generated(1, 6, 3);
  const char *all, *few;
  const struct run *run = running_start(story, "1h");
  running_await_requests(story, 1, 2, 10000);
  story_await_sql(story, "6", "select count(*) from account", 10000);
  all = story_sql(story, "select json_agg(document order by seq) from account_history");
  few = story_sql(story,
                  "select json_agg(document) from (select document from account_history order by seq limit 2) as kept");
  story_accounts(story, 1, few);
  story_signal(story, run, SIGUSR1);
  story_await_sql(story, "4", gone, 10000);
  story_accounts(story, 1, all);
  story_expect_exit(story, 0, "sync", NULL);
  story_expect_sql(story, "0", gone);
  running_sleep(5100); /* signals are coalesced until here */
  const char *removed_at = story_sql(story, "select clock_timestamp()");
  story_accounts(story, 1, few);
  story_signal(story, run, SIGUSR1);
  story_await_sql(story, "4", gone, 10000);
  running_stop(story, run);
  story_expect_exit(story, 0, "sync", "--allow-removals", NULL);
  story_expect_sql(story, "4",
                   story_format(story,
                                "select count(*) from account_history where change = 'removed' and not_before < '%s'",
                                removed_at));
  story_expect_exact(story);
  story_destroy(story);
}
