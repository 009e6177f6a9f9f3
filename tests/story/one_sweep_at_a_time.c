/* One sweep per organization at a time: processes that start together wait for one another or list again, and never write a change
 * twice. Who waits longer than lock_timeout says for whom. */
#include "support/story.h"

#include <criterion/criterion.h>
#include <signal.h>

/* The locks of other stories are in other databases. */
#define OURS \
  "from pg_locks join pg_database on oid = database where locktype = 'advisory' and datname = current_database()"
static const char HELD[] = "select count(*) " OURS;

enum { TOGETHER_AT_MOST = 4, ROUNDS = 5 };

static void run_together(struct story *story, int count) {
  const struct run *runs[TOGETHER_AT_MOST];
  for (int i = 0; i < count; i++)
    runs[i] = story_start(story, "sync", "--json", NULL);
  for (int i = 0; i < count; i++)
    story_wait(story, runs[i], 30000);
  for (int i = 0; i < count; i++)
    if (runs[i]->exit_status != 0)
      story_fail(story, "one of %d together: exit status %d", count, runs[i]->exit_status);
}

Test(one_sweep_at_a_time, however_many_start_together) {
  struct story *story = story_create_generated(2, 12, 21);
  run_together(story, TOGETHER_AT_MOST); /* from nothing: the schema too is made once */
  story_expect_exact(story);
  for (int round = 1; round < ROUNDS; round++) {
    story_change(story, 40, (unsigned)round);
    story_put(story, 1, story_format(story, "{\"id\": \"emailacct_round%d\"}", round));
    if (round > 1)
      story_remove(story, 1, story_format(story, "emailacct_round%d", round - 1));
    run_together(story, 2 + round % 3);
    story_expect_exact(story);
  }
  cr_assert_eq(story_count(story, "select count(*) from account_history where change = 'removed'"), ROUNDS - 2);
  story_destroy(story);
}

Test(one_sweep_at_a_time, and_who_waits_too_long_says_for_whom) {
  struct story *story = story_create_generated(2, 3, 1);
  story_expect_exit(story, 0, "sync", NULL);
  story_set(story, "database", "lock_timeout", "300ms");
  story_replies(story, "[{\"match\": {\"key\": \"api_story_1\"}, \"delay_ms\": 20000}]");
  const struct run *first = story_start(story, "sync", "org1", NULL);
  story_await_sql(story, "1", HELD, 10000);
  const struct run *second = story_expect_exit(story, 1, "sync", "--json", NULL);
  story_expect_member(story, second, "org1", "outcome", "failed");
  story_expect_member(story, second, "org1", "organization_id", "orga_story1");
  story_expect_member(story, second, "org2", "outcome", "unchanged");
  story_expect_stderr(story, second, "another process sweeps \"org1\": closesyncd with backend pid ");
  cr_assert_not(story_ended(story, first));
  story_expect_sql(story, "0", "select count(*) from sweep where outcome = 'failed'");
  story_signal(story, first, SIGKILL);
  story_wait(story, first, 10000);
  story_replies(story, "[]");
  story_expect_exit(story, 0, "sync", NULL);
  story_expect_exact(story);
  story_destroy(story);
}

Test(one_sweep_at_a_time, and_who_waits_is_next) {
  struct story *story = story_create_generated(1, 3, 1);
  story_expect_exit(story, 0, "sync", NULL);
  story_replies(story, "[{\"match\": {\"path\": \"/connected_account/\"}, \"times\": 1, \"delay_ms\": 700}]");
  story_change(story, 100, 7);
  const struct run *first = story_start(story, "sync", "--json", NULL);
  story_await_sql(story, "1", HELD, 10000);
  const struct run *second = story_expect_exit(story, 0, "sync", "--json", NULL);
  story_wait(story, first, 10000);
  story_expect_member(story, first, "org1", "changed", "3");
  story_expect_member(story, second, "org1", "outcome", "unchanged");
  story_expect_exact(story);
  cr_assert_eq(first->exit_status, 0);
  story_destroy(story);
}

/* Somebody without the lock (an operator, another NAME) writes between our read and our transaction. */
Test(one_sweep_at_a_time, lists_again_when_the_revision_moved) {
  struct story *story = story_create_generated(1, 3, 1);
  story_expect_exit(story, 0, "sync", NULL);
  story_replies(story, "[{\"match\": {\"path\": \"/connected_account/\"}, \"times\": 1, \"delay_ms\": 1000}]");
  story_change(story, 100, 7);
  story_forget_requests(story);
  const struct run *run = story_start(story, "sync", "--json", NULL);
  story_await_sql(story, "1", HELD, 10000);
  story_sql(story, "select pg_sleep(0.3)"); /* the standing is read in the same round trip as the lock */
  story_sql(story, "update organization set revision = revision + 1");
  story_wait(story, run, 10000);
  cr_assert_eq(run->exit_status, 0);
  story_expect_member(story, run, "org1", "changed", "3");
  cr_assert_eq(story_request_count(story, "/connected_account/"), 2);
  story_expect_exact(story);
  story_destroy(story);
}

/* The lock is lost while the transaction waits for somebody who moves the revision: the second try takes it again. */
Test(one_sweep_at_a_time, takes_a_lost_lock_again_when_the_revision_moved) {
  struct story *story = story_create_generated(1, 3, 1);
  story_expect_exit(story, 0, "sync", NULL);
  story_change(story, 100, 7);
  story_sql(story, "begin; update organization set revision = revision + 1");
  const struct run *run = story_start(story, "sync", "--json", NULL);
  story_await_sql(story, "t",
                  "select count(*) > 0 from pg_locks where not granted and locktype = 'transactionid'"
                  " and transactionid = pg_current_xact_id()::xid",
                  10000);
  story_sql(story, "select pg_terminate_backend(pid, 5000) " OURS);
  story_sql(story, "commit");
  story_wait(story, run, 15000);
  if (run->exit_status != 0)
    story_fail(story, "exit status %d", run->exit_status);
  story_expect_member(story, run, "org1", "changed", "3");
  story_expect_exact(story);
  story_destroy(story);
}

Test(one_sweep_at_a_time, gives_up_when_the_lock_is_lost) {
  struct story *story = story_create_generated(1, 3, 1);
  story_expect_exit(story, 0, "sync", NULL);
  story_replies(story, "[{\"match\": {\"path\": \"/connected_account/\"}, \"times\": 1, \"delay_ms\": 20000}]");
  story_change(story, 100, 7);
  const char *before = story_dump(story, "");
  const struct run *run = story_start(story, "sync", "--json", NULL);
  story_await_sql(story, "1", HELD, 10000);
  story_sql(story, "select pg_terminate_backend(pid) " OURS);
  story_wait(story, run, 15000);
  cr_assert_eq(run->exit_status, 69);
  story_expect_member(story, run, "org1", "outcome", "failed");
  story_expect_same(story, before, story_dump(story, ""));
  story_replies(story, "[]"); /* it may have been lost before the first request */
  story_expect_exit(story, 0, "sync", NULL);
  story_expect_exact(story);
  story_destroy(story);
}
