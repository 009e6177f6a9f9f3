/* What an administrator does to a running daemon: stop it, whatever hangs; change its configuration, rightly or wrongly; ask for a
 * sweep by signal and in SQL. */
#include "support/running.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

/* A daemon whose coverage stays one span, however slow the machine is. */
static const struct run *start(struct story *story, const char *interval) {
  story_set(story, "sync", "gap", "1h");
  return running_start(story, interval);
}

static void reload(struct story *story, const struct run *run, int times) {
  story_signal(story, run, SIGHUP);
  running_await(story, run, "the new configuration is in force", times, 5000);
}

Test(run_signals, stops_with_its_coverage_written) {
  struct story *story = story_create_generated(3, 2, 3);
  const struct run *run = start(story, "200ms");
  for (int i = 1; i <= 3; i++)
    running_await_requests(story, i, 8, 10000);
  long written = story_count(story, "select coalesce(max(sweeps), 0) from coverage");
  cr_assert_leq(written, 1, "flush_interval is 1 min, %ld are written", written);
  story_signal(story, run, SIGINT);
  story_wait(story, run, 5000);
  cr_assert_eq(run->exit_status, 0);
  written = story_count(story, "select min(sweeps) from coverage");
  cr_assert_geq(written, 4, "not written on stop: %ld", written);
  cr_assert_eq(running_lines(story, run, "head organization="), 3);
  story_expect_exact(story);
  story_destroy(story);
}

Test(run_signals, stops_while_close_hangs) {
  struct story *story = story_create_generated(3, 2, 3);
  const struct run *run = start(story, "200ms");
  running_await_requests(story, 3, 8, 10000);
  story_replies(story, "[{\"match\": {\"path_prefix\": \"/\"}, \"delay_ms\": 30000}]");
  running_sleep(600);
  running_stop(story, run);
  cr_assert_geq(story_count(story, "select min(sweeps) from coverage"), 2, "not written on stop");
  story_destroy(story);
}

static int backend(struct story *story, int number) {
  return (int)story_count(story, story_format(story,
                                              "select pid from pg_stat_activity where application_name = 'closesyncd' "
                                              "and datname = current_database() order by pid offset %d limit 1",
                                              number));
}

Test(run_signals, stops_while_postgresql_hangs) {
  for (int number = 0; number < 2; number++) { /* the session that locks, the session that writes */
    struct story *story = story_create_generated(3, 2, 3);
    const struct run *run = start(story, "200ms");
    running_await_requests(story, 1, 3, 10000);
    int pid = backend(story, number);
    kill(pid, SIGSTOP);
    story_change(story, 100, 7);
    running_sleep(600);
    story_signal(story, run, SIGTERM);
    story_wait(story, run, 5000);
    kill(pid, SIGCONT);
    cr_assert_eq(run->exit_status, 0, "exit status %d", run->exit_status);
    story_expect_exit(story, 0, "sync", NULL);
    story_expect_exact(story);
    story_destroy(story);
  }
}

Test(run_signals, adds_drops_and_changes_without_touching_the_others) {
  struct story *story = story_create_generated(3, 2, 3);
  story_set(story, "organization org3", "enabled", "no");
  const struct run *run = start(story, "200ms");
  running_await_requests(story, 1, 4, 10000);
  story_set(story, "organization org3", "enabled", "yes");
  story_set(story, "organization org1", "enabled", "no");
  story_set(story, "organization org2", "interval", "30s");
  reload(story, run, 1);
  story_await_sql(story, "2", "select count(*) from account where organization_id = 'orga_story3'", 10000);
  story_await_sql(story, "t", "select max(sweeps) > 2 from coverage where organization_id = 'orga_story1'", 5000);
  running_sleep(200);
  story_forget_requests(story);
  running_sleep(1500);
  cr_assert_eq(running_requests(story, 1, "", NULL, 0), 0, "org1 was dropped");
  cr_assert_leq(running_requests(story, 2, "", NULL, 0), 1, "org2 has an interval of 30 s");
  cr_assert_geq(running_requests(story, 3, "", NULL, 0), 4, "org3 was added");
  running_stop(story, run);
  story_expect_mirror(story, 3);
  story_expect_history(story);
  story_destroy(story);
}

/* org1's key is replaced by one that is dead, then put right. */
Test(run_signals, reads_keys_anew) {
  struct story *story = story_create_generated(1, 2, 3);
  const struct run *run = start(story, "200ms");
  running_await_requests(story, 1, 3, 10000);
  const char *path = story_format(story, "%s/org1.key", story_directory(story));
  FILE *file = fopen(path, "we");
  fputs("api_stranger\n", file);
  fclose(file);
  reload(story, run, 1);
  running_await(story, run, "/me/ says so too", 1, 5000);
  file = fopen(path, "we");
  fputs("api_story_1\n", file);
  fclose(file);
  reload(story, run, 2);
  running_await(story, run, "sweeps are well again", 1, 5000);
  cr_assert_null(strstr(running_said(story, run), "api_"), "a key was told");
  running_stop(story, run);
  story_destroy(story);
}

Test(run_signals, a_wrong_configuration_changes_nothing) {
  struct story *story = story_create_generated(2, 2, 3);
  story_set(story, "http", "listen", story_format(story, "unix:%s/http", story_directory(story)));
  const struct run *run = start(story, "200ms");
  running_await_requests(story, 1, 3, 10000);
  story_set(story, "sync", "interval", "often");
  story_set(story, "sync", "colour", "blue");
  story_signal(story, run, SIGHUP);
  running_await(story, run, "the old configuration stays in force", 2, 5000);
  cr_assert_not_null(strstr(running_said(story, run), "colour"));
  story_forget_requests(story);
  running_await_requests(story, 2, 4, 5000);
  cr_assert_eq(running_lines(story, run, "is in force"), 0);
  running_stop(story, run);
  story_destroy(story);
}

/* What is remembered of the old database is not believed of the new one, although the revisions are the same. */
Test(run_signals, another_database) {
  struct story *story = story_create_generated(2, 3, 3);
  story_set(story, "sync", "flush_interval", "1h");
  const struct run *run = start(story, "200ms");
  running_await_requests(story, 2, 5, 10000);
  story_set(story, "database", "schema", "elsewhere");
  reload(story, run, 1);
  story_await_sql(story, "6", "select count(*) from elsewhere.account", 10000);
  story_set(story, "database", "schema", "close_crm");
  story_sql(story, "update elsewhere.account set email = 'damaged'");
  story_change(story, 100, 5);
  reload(story, run, 2);
  story_await_sql(story, "6", "select count(*) from account_history where change = 'changed'", 10000);
  running_await_requests(story, 1, running_requests(story, 1, "", NULL, 0) + 3, 5000);
  cr_assert_eq(running_lines(story, run, "outcome="), 0, "something failed: %s", running_said(story, run));
  running_stop(story, run);
  story_expect_exact(story);
  cr_assert_geq(story_count(story, "select min(sweeps) from coverage"), 3);
  story_destroy(story);
}

/* What is owed is written down where it was seen, also when the sweep under way ends after the reload. */
Test(run_signals, a_database_that_is_not_there) {
  struct story *story = story_create_generated(1, 3, 3);
  story_set(story, "sync", "flush_interval", "1h");
  const struct run *run = start(story, "200ms");
  running_await_requests(story, 1, 8, 10000);
  story_replies(story, "[{\"match\": {\"path_prefix\": \"/\"}, \"times\": 1, \"delay_ms\": 1500}]");
  running_sleep(600);
  story_set(story, "database", "conninfo", story_format(story, "%s dbname=nowhere", story_conninfo(story)));
  reload(story, run, 1);
  running_await(story, run, "could not use the database", 1, 5000);
  story_await_sql(story, "t", "select max(sweeps) > 5 from coverage", 5000);
  running_stop(story, run);
  story_expect_exact(story);
  story_destroy(story);
}

/* Reloads while everything is under way. */
Test(run_signals, many_reloads_at_any_moment) {
  struct story *story = story_create_generated(6, 4, 3);
  story_replies(story, "[{\"match\": {\"path_prefix\": \"/\"}, \"delay_ms\": 30}]");
  const struct run *run = start(story, "100ms");
  for (int i = 0; i < 40; i++) {
    if (i % 4 == 0)
      story_set(story, "database", "schema", i % 8 == 0 ? "elsewhere" : "close_crm");
    story_set(story, "organization org5", "enabled", i % 3 == 0 ? "no" : "yes");
    story_signal(story, run, SIGHUP);
    running_sleep(13 + 7 * (i % 5));
  }
  story_set(story, "database", "schema", "close_crm");
  story_set(story, "organization org5", "enabled", "yes");
  reload(story, run, running_lines(story, run, "is in force") + 1);
  story_change(story, 100, 5);
  story_await_sql(story, "24", "select count(*) from account_history where change = 'changed'", 15000);
  cr_assert_eq(running_lines(story, run, "outcome="), 0, "something failed: %s", running_said(story, run));
  running_stop(story, run);
  story_expect_exact(story);
  story_destroy(story);
}

Test(run_signals, sweeps_when_asked) {
  struct story *story = story_create_generated(2, 2, 3);
  const struct run *run = start(story, "30s");
  running_await_requests(story, 2, 1, 5000);
  running_sleep(300);
  story_forget_requests(story);
  story_signal(story, run, SIGUSR1);
  running_await_requests(story, 1, 1, 2000);
  running_await_requests(story, 2, 1, 2000);
  running_sleep(5100); /* coalesced until here */
  story_forget_requests(story);
  for (int i = 0; i < 10; i++)
    story_sql(story, "select request_sync('org1')");
  running_await_requests(story, 1, 1, 2000);
  running_sleep(2000);
  cr_assert_eq(running_requests(story, 1, "", NULL, 0), 1, "ten calls are one sweep");
  cr_assert_eq(running_requests(story, 2, "", NULL, 0), 0, "nobody asked for org2");
  story_sql(story, "do $$ begin perform close_crm.request_sync('nobody'); raise 'not refused'; "
                   "exception when no_data_found then null; end $$");
  running_stop(story, run);
  story_expect_exact(story);
  story_destroy(story);
}

/* Somebody else sweeps: the turn is skipped, no failure. */
Test(run_signals, skips_a_turn_while_another_process_sweeps) {
  struct story *story = story_create_generated(1, 2, 3);
  const struct run *run = start(story, "200ms");
  running_await_requests(story, 1, 3, 5000);
  for (int again = 0; again < 5 && running_lines(story, run, "a turn is skipped") == 0; again++) {
    /* The slow answer is the other's, or, where the daemon was sooner, its own. */
    story_replies(story, "[{\"match\": {\"path_prefix\": \"/\"}, \"times\": 1, \"delay_ms\": 1500}]");
    const struct run *other = story_start(story, "sync", NULL);
    story_wait(story, other, 20000);
    running_sleep(500);
    cr_assert_eq(other->exit_status, 0);
  }
  cr_assert_eq(story_count(story, "select max(consecutive_failures) from organization"), 0);
  cr_assert_eq(running_lines(story, run, "outcome=failed"), 0);
  cr_assert_gt(running_lines(story, run, "a turn is skipped"), 0);
  cr_assert_eq(running_lines(story, run, "well again"), 0, "nothing was ill");
  running_stop(story, run);
  story_expect_exact(story);
  story_destroy(story);
}

/* What another process recorded since is newer than what the daemon owes. */
Test(run_signals, stops_and_overwrites_nothing_newer) {
  static const char standing[] = "select concat_ws(' ', listed_at, last_swept_at, last_outcome, last_error, "
                                 "consecutive_failures) from organization";
  struct story *story = story_create_generated(1, 3, 3);
  story_set(story, "sync", "flush_interval", "1h");
  const struct run *run = start(story, "1h");
  story_await_sql(story, "1", "select sum(sweeps) from coverage", 10000);
  story_signal(story, run, SIGUSR1);
  running_await_requests(story, 1, 3, 10000); /* two listings and a /me/ */
  story_change(story, 100, 7);
  story_expect_exit(story, 0, "sync", NULL); /* waits for the daemon's sweep to end */
  story_replies(story, "[{\"match\": {\"path\": \"/connected_account/\"}, \"status\": 500}]");
  story_expect_exit(story, 1, "sync", NULL);
  const char *before = story_sql(story, standing);
  cr_assert_not_null(strstr(before, "failed"), "%s", before);
  running_stop(story, run);
  story_expect_sql(story, before, standing);
  story_replies(story, "[]");
  story_change(story, 100, 9);
  story_expect_exit(story, 0, "sync", NULL);
  story_expect_sql(
      story, "t", /* a change comes after the listing that saw the state before it */
      "select bool_and(later.not_before = started_at) from account_history as later join account_history "
      "as past using (account_id) join sweep on sweep.sweep_id = past.sweep_id where later.version = 3 and "
      "past.version = 2");
  story_expect_exit(story, 0, "verify", NULL);
  story_expect_exact(story);
  story_destroy(story);
}
