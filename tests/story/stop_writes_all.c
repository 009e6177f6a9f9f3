/* A clean stop writes down what all organizations owe: in few statements, however many they are, and nobody is held up by one whose row
 * another transaction has. */
#include "support/running.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <string.h>

enum { MANY = 40, FEW = 10 };

/* Each statement that flushes takes 150 ms from now on: one for each organization would take longer than a stop may. */
static const char SLOW[] = "create function slow() returns trigger language plpgsql as $$ begin perform "
                           "pg_sleep(0.15); return null; end $$; create trigger slow after update on organization "
                           "for each statement execute function slow()";
static const char OWING[] = "select count(*) from coverage where sweeps < 2";

/* All were swept twice at least, and owe the second time. */
static const struct run *run_until_all_owe(struct story *story, int organizations) {
  story_set(story, "sync", "flush_interval", "1h");
  story_set(story, "sync", "gap", "1h"); /* on a machine that has much to do, one span all the same */
  const struct run *run = running_start(story, "1s");
  for (int i = 1; i <= organizations; i++)
    running_await_requests(story, i, 3, 30000);
  story_await_sql(story, story_format(story, "%d", organizations), OWING, 10000);
  return run;
}

static int lines_since(struct story *story, const struct run *run, const char *since, const char *part) {
  int lines = 0;
  for (const char *at = strstr(running_said(story, run), since); at != NULL && (at = strstr(at, part)) != NULL; at++)
    lines++;
  return lines;
}

Test(stop_writes_all, of_many_organizations) {
  struct story *story = story_create_generated(MANY, 1, 3);
  const struct run *run = run_until_all_owe(story, MANY);
  story_sql(story, SLOW);
  running_stop(story, run);
  story_expect_sql(story, "0", OWING);
  cr_assert_eq(lines_since(story, run, "stopping", "head organization="), MANY, "%s", running_said(story, run));
  story_sql(story, "drop function slow() cascade");
  story_expect_exact(story);
  story_destroy(story);
}

Test(stop_writes_all, but_of_one_that_another_transaction_has) {
  struct story *story = story_create_generated(FEW, 1, 3);
  const struct run *run = run_until_all_owe(story, FEW);
  story_sql(story, "begin");
  story_sql(story, "select from organization where name = 'org5' for update");
  running_stop(story, run);
  story_expect_sql(story, "org5",
                   "select string_agg(name, ' ') from organization join coverage using "
                   "(organization_id) where sweeps < 2");
  cr_assert_not_null(
      strstr(running_said(story, run), "could not write down the last unchanged sweeps of 1 organization"), "%s",
      running_said(story, run));
  story_sql(story, "rollback");
  story_destroy(story);
}

/* Nobody who stops without a database is left to believe that all was written. */
Test(stop_writes_all, or_says_of_how_many_it_could_not) {
  struct story *story = own_cluster_story(FEW, 1);
  const struct run *run = run_until_all_owe(story, FEW);
  own_cluster_control(own_cluster(story), "-m immediate stop");
  running_await(story, run, "could not use the database", 1, 20000);
  running_stop(story, run);
  cr_assert_eq(lines_since(story, run, "could not write down", "of 10 organizations: the database is away"), 1, "%s",
               running_said(story, run));
  own_cluster_control(own_cluster(story), "restart");
  story_await_sql(story, "1", "select 1", 20000);
  story_destroy(story);
}

/* Whoever has it for a moment is waited for. */
Test(stop_writes_all, also_of_one_that_is_busy_for_a_moment) {
  struct story *story = story_create_generated(FEW, 1, 3);
  const struct run *run = run_until_all_owe(story, FEW);
  story_sql(story, "begin");
  story_sql(story, "select from organization where name = 'org5' for update");
  story_signal(story, run, SIGTERM);
  story_await_sql(story, "1", OWING, 5000);
  story_sql(story, "rollback");
  story_wait(story, run, 5000);
  cr_assert_eq(run->exit_status, 0);
  story_expect_sql(story, "0", OWING);
  story_destroy(story);
}
