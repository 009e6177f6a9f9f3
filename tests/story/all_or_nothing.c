/* Everything a sweep writes is one transaction: killed at any moment, or cut off from its server, the database shows the state
 * before or the state after, and the next sweep is exact. */
#include "support/story.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { KILLS = 12, ACCOUNTS = 300 };

static void wait_us(long us) {
  nanosleep(&(struct timespec){.tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000}, NULL);
}

static const char *count_all(struct story *story) {
  return story_sql(story, "select format('%s accounts, %s identities, %s history, %s sweeps, revision %s',"
                          " (select count(*) from account), (select count(*) from account_identity),"
                          " (select count(*) from account_history), (select count(*) from sweep),"
                          " (select coalesce(max(revision), 0) from organization))");
}

static void expect_recovery(struct story *story) {
  story_expect_exit(story, 0, "sync", NULL);
  story_expect_exact(story);
}

/* A session that its process has left goes on with what it was told. */
static void await_no_session(struct story *story) {
  story_await_sql(
      story, "0",
      "select count(*) from pg_stat_activity where application_name = 'closesyncd' and datname = current_database()",
      10000);
}

/* How long an undisturbed sweep of everything changed takes. */
static long measure_us(struct story *story) {
  struct timespec begin, end;
  story_change(story, 100, 1);
  clock_gettime(CLOCK_MONOTONIC, &begin);
  story_expect_exit(story, 0, "sync", NULL);
  clock_gettime(CLOCK_MONOTONIC, &end);
  return (end.tv_sec - begin.tv_sec) * 1000000 + (end.tv_nsec - begin.tv_nsec) / 1000;
}

Test(all_or_nothing, when_killed_at_any_moment) {
  struct story *story = story_create_generated(1, ACCOUNTS, 4);
  story_expect_exit(story, 0, "sync", NULL);
  long whole_us = measure_us(story);
  int before_count = 0;
  for (int i = 0; i < KILLS; i++) {
    story_change(story, 100, (unsigned)i + 2);
    const char *before = story_dump(story, "");
    const struct run *run = story_start(story, "sync", NULL);
    wait_us(whole_us * i / (KILLS - 2));
    story_signal(story, run, SIGKILL);
    story_wait(story, run, 10000);
    await_no_session(story);
    const char *after = story_dump(story, "");
    bool as_before = strcmp(before, after) == 0;
    before_count += as_before;
    if (!as_before)
      story_expect_exact(story); /* then it is the whole state after */
    expect_recovery(story);
  }
  fprintf(stderr, "%d of %d kills came before the end\n", before_count, KILLS);
  cr_assert_gt(before_count, 0);
  story_destroy(story);
}

/* Whoever waits for a table of this database. Of pg_locks alone: within a transaction, pg_stat_activity stays as it was first read. */
#define WAITING                                                \
  " from pg_locks where not granted and locktype = 'relation'" \
  " and database = (select oid from pg_database where datname = current_database())"

/* The table is locked by us, so that the transaction stands still in the middle of its steps. */
static const struct run *stop_at(struct story *story, const char *table) {
  await_no_session(story); /* the last one's would wait for the table, too */
  story_sql(story, story_format(story, "begin; lock table %s in access exclusive mode", table));
  const struct run *run = story_start(story, "sync", "--json", NULL);
  story_await_sql(story, "t", "select count(*) > 0" WAITING, 10000);
  return run;
}

static const char *const steps[] = {"account_mail_server", "account_feature", "field_drift", "rejected_account",
                                    "coverage"};

Test(all_or_nothing, when_killed_between_its_steps) {
  struct story *story = story_create_generated(1, 30, 4);
  story_set(story, "sync", "verify_interval", "1s");
  story_expect_exit(story, 0, "sync", NULL);
  story_set(story, "sync", "verify_interval", "1h");
  for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
    story_change(story, 100, i + 2);
    const char *before = story_dump(story, "");
    const struct run *run = stop_at(story, steps[i]);
    story_signal(story, run, SIGKILL);
    story_wait(story, run, 10000);
    story_sql(story, "rollback");
    await_no_session(story);
    const char *after = story_dump(story, "");
    if (strcmp(before, after) != 0) /* the server had all statements: it may end what it holds */
      story_expect_exact(story);
    expect_recovery(story);
  }
  story_destroy(story);
}

Test(all_or_nothing, when_the_backend_is_terminated_between_its_steps) {
  struct story *story = story_create_generated(1, 30, 4);
  story_expect_exit(story, 0, "sync", NULL);
  for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
    story_change(story, 100, i + 2);
    const char *before = story_dump(story, "");
    const struct run *run = stop_at(story, steps[i]);
    story_sql(story, "select pg_terminate_backend(pid)" WAITING);
    story_sql(story, "rollback");
    story_wait(story, run, 20000);
    cr_assert_eq(run->exit_status, 69, "exit status %d", run->exit_status);
    story_expect_member(story, run, "org1", "outcome", "failed");
    story_expect_same(story, before, story_dump(story, ""));
    expect_recovery(story);
  }
  story_destroy(story);
}

Test(all_or_nothing, when_a_step_fails) {
  struct story *story = story_create_generated(1, 30, 4);
  story_expect_exit(story, 0, "sync", NULL);
  story_change(story, 100, 2);
  const char *before = story_dump(story, STORY_BOOKKEEPING);
  story_sql(story, "alter table account_feature rename to hidden");
  const struct run *run = story_expect_exit(story, 1, "sync", "--json", NULL);
  story_expect_stderr(story, run, "account_feature");
  story_sql(story, "alter table hidden rename to account_feature");
  story_expect_same(story, before, story_dump(story, STORY_BOOKKEEPING));
  story_expect_sql(story, "failed 1", "select last_outcome || ' ' || consecutive_failures from organization");
  expect_recovery(story);
  story_destroy(story);
}

Test(all_or_nothing, from_the_very_first_sweep_on) {
  struct story *story = story_create_generated(1, ACCOUNTS, 4);
  story_expect_exit(story, 0, "migrate", NULL);
  for (int i = 0; i < 4; i++) {
    const struct run *run = story_start(story, "sync", NULL);
    wait_us(40000 * (i + 1));
    story_signal(story, run, SIGKILL);
    story_wait(story, run, 10000);
    await_no_session(story);
    const char *counts = count_all(story);
    if (strncmp(counts, "0 accounts, 0 identities, 0 history, 0 sweeps, revision 0", 40) != 0)
      story_expect_exact(story);
  }
  expect_recovery(story);
  cr_assert_eq(story_count(story, "select count(*) from account_history"), ACCOUNTS);
  story_destroy(story);
}
