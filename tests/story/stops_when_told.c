/* SIGTERM and SIGINT end a `sync` soon, wherever it is: what is under way is abandoned, a transaction that has begun is ended, and
 * the next sweep is exact. */
#include "support/story.h"

#include <criterion/criterion.h>
#include <signal.h>

static const char HELD[] = "select count(*) from pg_locks join pg_database on oid = database"
                           " where locktype = 'advisory' and datname = current_database()";
/* Of pg_locks alone: within a transaction, pg_stat_activity stays as it was first read. */
static const char WAITING[] = "select count(*) > 0 from pg_locks where not granted"
                              " and database = (select oid from pg_database where datname = current_database())";

static struct story *changed_since(const char *reply) {
  struct story *story = story_create_generated(1, 8, 6);
  story_expect_exit(story, 0, "sync", NULL);
  story_change(story, 100, 2);
  if (reply != NULL)
    story_replies(story, story_format(story, "[{\"match\": {\"path_prefix\": \"/\"}, \"times\": 1, %s}]", reply));
  return story;
}

static void expect_abandoned(struct story *story, int signal) {
  const char *before = story_dump(story, "");
  const struct run *run = story_start(story, "sync", "--json", NULL);
  story_await_sql(story, "1", HELD, 10000);
  story_sql(story, "select pg_sleep(0.2)");
  story_signal(story, run, signal);
  story_wait(story, run, 5000);
  cr_assert_eq(run->exit_status, 1, "exit status %d", run->exit_status);
  story_expect_member(story, run, "org1", "outcome", "failed");
  story_expect_same(story, before, story_dump(story, ""));
  story_expect_exit(story, 0, "sync", NULL);
  story_expect_exact(story);
}

Test(stops_when_told, while_it_lists) {
  static const char *const replies[] = {"\"delay_ms\": 20000", "\"drip\": {\"bytes\": 1, \"every_ms\": 100}",
                                        "\"bare\": true, \"status\": 429, \"headers\": {\"retry-after\": \"9\"}"};
  for (size_t i = 0; i < sizeof replies / sizeof *replies; i++) {
    struct story *story = changed_since(replies[i]);
    expect_abandoned(story, i % 2 == 0 ? SIGTERM : SIGINT);
    story_destroy(story);
  }
}

Test(stops_when_told, while_it_waits_for_the_lock) {
  struct story *story = changed_since("\"delay_ms\": 20000");
  const struct run *first = story_start(story, "sync", NULL);
  story_await_sql(story, "1", HELD, 10000);
  const struct run *second = story_start(story, "sync", NULL);
  story_await_sql(story, "t",
                  "select count(*) >= 4 from pg_stat_activity where application_name = 'closesyncd' and datname = "
                  "current_database()",
                  10000);
  story_signal(story, second, SIGTERM);
  story_wait(story, second, 5000);
  cr_assert_eq(second->exit_status, 1);
  cr_assert_not(story_ended(story, first));
  story_signal(story, first, SIGTERM);
  story_wait(story, first, 5000);
  story_expect_exit(story, 0, "sync", NULL);
  story_expect_exact(story);
  story_destroy(story);
}

Test(stops_when_told, after_the_transaction_that_has_begun) {
  struct story *story = changed_since(NULL);
  story_sql(story, "begin; lock table account_feature in access exclusive mode");
  const struct run *run = story_start(story, "sync", "--json", NULL);
  story_await_sql(story, "t", WAITING, 10000);
  story_signal(story, run, SIGTERM);
  story_sql(story, "rollback");
  story_wait(story, run, 5000);
  cr_assert_eq(run->exit_status, 0);
  story_expect_member(story, run, "org1", "changed", "8");
  story_expect_exact(story);
  story_destroy(story);
}

Test(stops_when_told, after_the_migration_that_has_begun) {
  struct story *story = story_create_generated(1, 2, 6);
  story_replies(story, "[{\"match\": {\"path_prefix\": \"/\"}, \"delay_ms\": 20000}]");
  story_sql(story, "select pg_advisory_lock(hashtextextended('closesyncd migrate close_crm', 0))");
  const struct run *run = story_start(story, "sync", NULL);
  story_await_sql(story, "t", WAITING, 10000);
  story_signal(story, run, SIGTERM);
  story_sql(story, "select pg_sleep(0.2)"); /* the signal comes before the lock */
  story_sql(story, "select pg_advisory_unlock_all()");
  story_wait(story, run, 5000);
  cr_assert_eq(run->exit_status, 1);
  story_expect_sql(story, "0", "select count(*) from organization");
  cr_assert_eq(story_request_count(story, ""), 0);
  story_destroy(story);
}
