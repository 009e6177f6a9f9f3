/* The database loses what `run` remembers to have written, and `run` lives on: a server that acknowledges commits before they are
 * on disk is killed, the schema is dropped, an older dump is restored. */
#include "fault/living.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdlib.h>

enum { ROUNDS = 3 };

Test(lost_commits, of_a_server_that_was_killed) {
  struct story *story = own_cluster_story(1, 0);
  struct living living;
  story_sql(story, "alter role postgres set synchronous_commit = off");
  living_begin(&living, story, NULL);
  for (int round = 1; round <= ROUNDS; round++) {
    const char *word = story_format(story, "lost%d", round);
    story_sql(story, "checkpoint");
    cluster_forget_commits(story);
    living_change(&living, word);
    living_await(&living, word);
    living_settle(&living);
    cluster_kill(story);
    cluster_restart(story);
    running_await(story, living.run, "the database is back", round, 30000);
    story_expect_sql(story, round == 1 ? "ok" : story_format(story, "lost%d", round - 1),
                     "select document ->> 'send_status' from close_crm.account_history where account_id = 'a1'"
                     " and observed_at < (select pg_postmaster_start_time()) order by version desc limit 1");
    living_await(&living, word);
    living_settle(&living);
    expect_living_true(&living, word);
  }
  living_end(&living, "servers killed before their commits were on disk");
}

Test(lost_commits, of_a_schema_that_was_dropped) {
  struct story *story = story_create(1);
  struct living living;
  living_begin(&living, story, NULL);
  living_change(&living, "before");
  living_await(&living, "before");
  living_settle(&living);
  story_sql(story, "drop schema close_crm cascade");
  story_expect_exit(story, 0, "migrate", NULL);
  living_await(&living, "before");
  living_settle(&living);
  story_expect_sql(story, "0", "select count(*) from close_crm.account_history where not_before is not null");
  expect_living_true(&living, "the schema was dropped");
  living_end(&living, "schemas dropped");
}

/* ---- a dump ---- */

static void shell(struct story *story, const char *command) {
  if (system(command) != 0)
    story_fail(story, "could not run \"%s\"", command);
}

static const char *database(struct story *story) {
  return story_format(story, "-h %s -U postgres -d %s", own_cluster(story),
                      story_sql(story, "select current_database()"));
}

static void dump(struct story *story) {
  shell(story, story_format(story, "pg_dump %s -n close_crm -f %s/dump.sql", database(story), story_directory(story)));
}

/* All in one transaction: `run` never sees anything between. */
static void restore(struct story *story) {
  shell(story,
        story_format(
            story,
            "psql %s -X -q -1 -v ON_ERROR_STOP=1 -c 'drop schema close_crm cascade' -f %s/dump.sql >/dev/null 2>&1",
            database(story), story_directory(story)));
}

Test(lost_commits, of_an_older_dump_that_was_restored) {
  struct story *story = story_create(1);
  struct living living;
  living_begin(&living, story, NULL);
  for (int round = 1; round <= ROUNDS; round++) {
    const char *word = story_format(story, "lost%d", round);
    dump(story);
    living_change(&living, word);
    living_await(&living, word);
    living_settle(&living);
    restore(story);
    living_await(&living, word);
    living_settle(&living);
    expect_living_true(&living, word);
  }
  living_end(&living, "older dumps restored");
}

/* The restored mirror is changed by another process until its revision is the one that `run` remembers. */
Test(lost_commits, of_a_dump_whose_revision_comes_back) {
  struct story *story = story_create(1);
  struct living living;
  living_begin(&living, story, NULL);
  dump(story);
  living_change(&living, "remembered");
  living_await(&living, "remembered");
  living_settle(&living);
  long remembered = living_revision(&living);
  story_signal(story, living.run, SIGSTOP);
  restore(story);
  story_edit(story, 1, "a1", "{\"send_status\": \"other\"}");
  living_end_locks(&living);
  story_expect_exit(story, 0, "sync", NULL);
  story_edit(story, 1, "a1", "{\"send_status\": \"remembered\"}");
  if (living_revision(&living) != remembered)
    story_fail(story, "the revision is %ld, and not %ld again", living_revision(&living), remembered);
  story_signal(story, living.run, SIGCONT);
  living_settle(&living);
  expect_living_true(&living, "the revision came back");
  living_end(&living, "dumps restored whose revision came back");
}
