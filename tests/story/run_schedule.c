/* The schedule of `run`, seen from Close: spread at the start, regular and never drifting, patient with whoever fails, back at once when
 * it is well again, and nobody waits for somebody else. */
#include "support/running.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>

enum { REQUESTS_MAX = 4000 };

#define LISTING "connected_account/?"

Test(run_schedule, spreads_the_start) {
  enum { ORGANIZATIONS = 40 };
  struct story *story = story_create_generated(ORGANIZATIONS, 1, 3);
  story_expect_exit(story, 0, "migrate", NULL); /* those due earlier would wait for it, and begin at once */
  const struct run *run = running_start(story, "10s");
  long long at_ms[4], first = INT64_MAX, last = 0;
  for (int i = 1; i <= ORGANIZATIONS; i++) {
    running_await_requests(story, i, 1, 10000);
    running_requests(story, i, LISTING, at_ms, 1);
    first = at_ms[0] < first ? at_ms[0] : first;
    last = at_ms[0] > last ? at_ms[0] : last;
  }
  cr_assert_geq(last - first, ORGANIZATIONS * 50 / 2, "all began within %lld ms", last - first);
  running_stop(story, run);
  story_expect_exact(story);
  story_destroy(story);
}

/* How many of the times are within `width_ms` after the same place of their interval, at most. */
static int in_phase(const long long at_ms[], int count, int interval_ms, int width_ms) {
  int most = 0;
  for (int i = 0; i < count; i++) {
    int near = 0;
    for (int k = 0; k < count; k++)
      near += ((at_ms[k] - at_ms[i]) % interval_ms + interval_ms) % interval_ms <= width_ms;
    most = near > most ? near : most;
  }
  return most;
}

/* However long each sweep takes, they keep their place in the interval; a drift of 150 ms each would be all around it. */
Test(run_schedule, does_not_drift) {
  enum { INTERVAL_MS = 1000, SLOTS = 8, SLACK_MS = 300 };
  struct story *story = story_create_generated(1, 3, 3);
  story_set(story, "sync", "jitter", "20%");
  story_replies(story, "[{\"match\": {\"path_prefix\": \"/connected\"}, \"delay_ms\": 150}]");
  const struct run *run = running_start(story, "1s");
  long long at_ms[REQUESTS_MAX];
  running_await_requests(story, 1, SLOTS + 2, 20000);
  int count = running_requests(story, 1, LISTING, at_ms, REQUESTS_MAX) - 1; /* the first waited for the schema */
  int punctual = in_phase(at_ms + 1, count, INTERVAL_MS, INTERVAL_MS / 5 + SLACK_MS);
  cr_assert_geq(punctual, count * 3 / 4, "%d of %d were punctual", punctual, count);
  running_stop(story, run);
  story_destroy(story);
}

Test(run_schedule, a_failing_organization_backs_off_and_returns_at_once) {
  struct story *story = story_create_generated(2, 2, 3);
  const struct run *run = running_start(story, "100ms");
  running_await_requests(story, 1, 5, 10000);
  story_replies(story, "[{\"match\": {\"key\": \"api_story_1\"}, \"status\": 500}]");
  running_await(story, run, "HTTP 500", 1, 10000);
  story_forget_requests(story);
  running_sleep(4000);
  int failing = running_requests(story, 1, LISTING, NULL, 0), well = running_requests(story, 2, LISTING, NULL, 0);
  cr_assert_leq(failing, 15, "%d tries in 4 s", failing);
  cr_assert_geq(well, 15, "the other one was asked only %d times", well);
  cr_assert_eq(running_lines(story, run, "HTTP 500"), 1, "said more than once");
  story_replies(story, "[]");
  running_await(story, run, "sweeps are well again", 1, 20000);
  long count = running_requests(story, 1, "", NULL, 0);
  running_await_requests(story, 1, count + 8, 4000); /* the old rhythm */
  running_stop(story, run);
  story_expect_exact(story);
  story_destroy(story);
}

Test(run_schedule, a_dead_key_is_asked_about_and_then_left_alone) {
  struct story *story = story_create_generated(2, 2, 3);
  const struct run *run = running_start(story, "100ms");
  running_await_requests(story, 1, 3, 10000);
  story_replies(story, "[{\"match\": {\"key\": \"api_story_1\"}, \"status\": 401}]");
  running_await(story, run, "/me/ says so too", 1, 10000);
  story_forget_requests(story);
  running_sleep(1500);
  cr_assert_eq(running_requests(story, 1, "", NULL, 0), 0, "a dead key was tried again");
  cr_assert_geq(running_requests(story, 2, "", NULL, 0), 5);
  cr_assert_eq(running_lines(story, run, "/me/ says so too"), 1);
  cr_assert_null(strstr(running_said(story, run), "api_story"), "a key was told");
  story_replies(story, "[]"); /* the administrator has seen to it, and says so */
  story_signal(story, run, SIGHUP);
  running_await(story, run, "sweeps are well again", 1, 5000);
  running_stop(story, run);
  story_destroy(story);
}

/* A refused list alone proves nothing: no 15 minutes. */
Test(run_schedule, a_refusal_is_no_dead_key_while_me_answers) {
  struct story *story = story_create_generated(1, 2, 3);
  const struct run *run = running_start(story, "100ms");
  running_await_requests(story, 1, 3, 10000);
  story_replies(story, "[{\"match\": {\"path_prefix\": \"/connected_account\"}, \"times\": 2, \"status\": 403}]");
  running_await(story, run, "although the key is valid", 1, 10000);
  cr_assert_eq(running_lines(story, run, "/me/ says so too"), 0);
  running_await(story, run, "sweeps are well again", 1, 10000);
  running_stop(story, run);
  story_destroy(story);
}

Test(run_schedule, the_dead_do_not_starve_the_living) {
  enum { ORGANIZATIONS = 24, LIVING = 4 };
  struct story *story = story_create_generated(ORGANIZATIONS, 2, 3);
  story_set(story, "api", "max_requests", "4");
  story_set(story, "api", "request_timeout", "1s");
  const char *rules = "";
  for (int i = LIVING + 1; i <= ORGANIZATIONS; i++)
    rules = story_format(story, "%s%s{\"match\": {\"key\": \"api_story_%d\"}, \"delay_ms\": 20000}", rules,
                         i > LIVING + 1 ? "," : "", i);
  story_replies(story, story_format(story, "[%s]", rules));
  const struct run *run = story_start(story, "run", NULL);
  story_set(story, "sync", "interval", "500ms");
  running_sleep(4000); /* all dead ones have timed out once */
  story_signal(story, run, SIGHUP);
  running_await(story, run, "in force", 1, 5000);
  story_forget_requests(story);
  running_sleep(4000);
  for (int i = 1; i <= LIVING; i++) {
    int count = running_requests(story, i, LISTING, NULL, 0);
    cr_assert_geq(count, 5, "organization %d was asked %d times in 4 s", i, count);
  }
  running_stop(story, run);
  story_destroy(story);
}

Test(run_schedule, verifies_while_it_runs) {
  struct story *story = story_create_generated(1, 5, 3);
  story_set(story, "sync", "verify_interval", "1s");
  const struct run *run = running_start(story, "200ms");
  story_await_sql(story, "5", "select count(*) from account", 10000);
  story_sql(story, "update account set email = 'damaged' where account_id = (select min(account_id) from account)");
  story_await_sql(story, "0", "select count(*) from account where email = 'damaged'", 10000);
  story_await_sql(story, "1", "select sum(repaired) from sweep", 10000);
  running_await(story, run, "were repaired", 1, 5000);
  running_stop(story, run);
  story_expect_exact(story);
  story_destroy(story);
}
