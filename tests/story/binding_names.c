/* A NAME is a name only: renamed in the file, the organization's row follows; two of them for one organization fail, the later one
 * first and then both, until one is gone. */
#include "support/running.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <string.h>

static const char BOUND[] = "select string_agg(name || ' ' || organization_id, ',' order by name) from organization";

/* NAME reads the key of organization 1. */
static void name_first(struct story *story, const char *name) {
  story_set(story, story_format(story, "organization %s", name), "api_key_file",
            story_format(story, "%s/org1.key", story_directory(story)));
}

static void enable(struct story *story, const char *name, bool enabled) {
  story_set(story, story_format(story, "organization %s", name), "enabled", enabled ? "yes" : "no");
}

static struct story *one_bound(void) {
  struct story *story = story_create_generated(1, 5, 9);
  story_expect_exit(story, 0, "sync", NULL);
  return story;
}

Test(binding_names, follow_the_file) {
  struct story *story = one_bound();
  name_first(story, "renamed");
  enable(story, "org1", false);
  const char *before = story_dump(story, STORY_BOOKKEEPING);
  const struct run *run = story_expect_exit(story, 0, "sync", "--json", NULL);
  story_expect_member(story, run, "renamed", "outcome", "unchanged");
  story_expect_sql(story, "renamed orga_story1", BOUND);
  story_expect_same(story, before, story_dump(story, STORY_BOOKKEEPING));
  run = story_expect_exit(story, 0, "status", "--json", NULL);
  story_expect_member(story, run, "renamed", "accounts", "5");
  /* Renamed back together with a change. */
  enable(story, "renamed", false);
  enable(story, "org1", true);
  story_put(story, 1, "{\"id\": \"emailacct_new\"}");
  run = story_expect_exit(story, 0, "sync", "--json", NULL);
  story_expect_member(story, run, "org1", "added", "1");
  story_expect_sql(story, "org1 orga_story1", BOUND);
  story_expect_exact(story);
  story_destroy(story);
}

/* org1 is bound, "second" comes later. */
static struct story *two_names(void) {
  struct story *story = one_bound();
  name_first(story, "second");
  const struct run *run = story_expect_exit(story, 1, "sync", "--json", "second", NULL);
  story_expect_member(story, run, "second", "outcome", "failed");
  story_expect_stderr(story, run, "two names, \"org1\" and \"second\", for one organization");
  story_expect_sql(story, "org1 orga_story1", BOUND);
  return story;
}

static void expect_both_fail(struct story *story, const char *first) {
  const char *before = story_dump(story, STORY_BOOKKEEPING);
  const struct run *run = story_expect_exit(story, 1, "sync", "--json", NULL);
  story_expect_member(story, run, first, "outcome", "failed");
  story_expect_member(story, run, "second", "outcome", "failed");
  story_expect_stderr(story, run, story_format(story, "%s: two names", first));
  story_expect_stderr(story, run, "second: two names");
  story_expect_same(story, before, story_dump(story, STORY_BOOKKEEPING));
}

Test(binding_names, of_one_organization_fail_until_the_later_is_gone) {
  struct story *story = two_names();
  expect_both_fail(story, "org1");
  expect_both_fail(story, "org1");
  enable(story, "second", false);
  const struct run *run = story_expect_exit(story, 0, "sync", "--json", NULL);
  story_expect_member(story, run, "org1", "outcome", "unchanged");
  story_expect_sql(story, "{}", "select also_named from organization");
  story_expect_exact(story);
  enable(story, "second", true); /* and again, from the beginning */
  story_expect_exit(story, 1, "sync", NULL);
  expect_both_fail(story, "org1");
  story_destroy(story);
}

Test(binding_names, of_one_organization_fail_until_the_earlier_is_gone) {
  struct story *story = two_names();
  expect_both_fail(story, "org1");
  enable(story, "org1", false);
  const char *before = story_dump(story, STORY_BOOKKEEPING);
  const struct run *run = story_expect_exit(story, 0, "sync", "--json", NULL);
  story_expect_member(story, run, "second", "outcome", "unchanged");
  story_expect_sql(story, "second orga_story1", BOUND);
  story_expect_same(story, before, story_dump(story, STORY_BOOKKEEPING));
  story_expect_exit(story, 0, "sync", NULL);
  enable(story, "second", false);
  enable(story, "org1", true);
  story_expect_exit(story, 0, "sync", NULL);
  story_expect_exit(story, 0, "sync", NULL); /* the one after the renaming forgets the claim */
  story_expect_sql(story, "{}", "select also_named from organization");
  story_expect_exact(story);
  story_destroy(story);
}

Test(binding_names, that_race_for_one_organization_never_double_its_history) {
  for (int round = 0; round < 4; round++) {
    struct story *story = story_create_generated(1, 3, 9);
    name_first(story, "second");
    const struct run *run = story_expect_exit(story, 1, "sync", "--json", NULL);
    story_expect_stderr(story, run, "two names");
    story_expect_sql(story, "3 3", "select count(*) || ' ' || max(seq) from account_history");
    expect_both_fail(story, "org1");
    enable(story, "second", false);
    story_expect_exit(story, 0, "sync", NULL);
    story_expect_exact(story);
    cr_assert(story_ended(story, run));
    story_destroy(story);
  }
}

/* Makes a renaming last, so that whoever comes meanwhile still finds the old name. */
static void renaming_lasts(struct story *story) {
  story_sql(story, "create function wait_a_little() returns trigger language plpgsql as "
                   "$$begin perform pg_sleep(0.5); return new; end$$");
  story_sql(story, "create trigger wait_a_little before update on organization for each row "
                   "when (old.name <> new.name) execute function wait_a_little()");
}

/* Both find the row under a name that is gone, and only one of them may take it over. */
static void expect_one_renames(bool with_a_change) {
  struct story *story = one_bound();
  enable(story, "org1", false);
  name_first(story, "first");
  name_first(story, "second");
  renaming_lasts(story);
  if (with_a_change)
    story_put(story, 1, "{\"id\": \"emailacct_new\"}");
  const struct run *run = story_expect_exit(story, 1, "sync", "--json", NULL);
  const char *winner = story_sql(story, "select name from organization");
  const char *loser = strcmp(winner, "first") == 0 ? "second" : "first";
  story_expect_member(story, run, winner, "outcome", with_a_change ? "changed" : "unchanged");
  story_expect_member(story, run, loser, "outcome", "failed");
  story_expect_stderr(story, run, story_format(story, "%s: two names", loser));
  expect_both_fail(story, "first");
  expect_both_fail(story, "first");
  story_expect_sql(story, story_format(story, "%s orga_story1", winner), BOUND);
  enable(story, winner, false);
  story_expect_exit(story, 0, "sync", NULL);
  story_expect_sql(story, story_format(story, "%s orga_story1", loser), BOUND);
  enable(story, loser, false);
  enable(story, "org1", true);
  story_expect_exit(story, 0, "sync", NULL);
  story_expect_exact(story);
  story_destroy(story);
}

Test(binding_names, that_race_to_rename_one_organization_fail_but_the_first) {
  expect_one_renames(false);
  expect_one_renames(true);
}

static void reload(struct story *story, const struct run *run, int times) {
  story_signal(story, run, SIGHUP);
  running_await(story, run, "the new configuration is in force", times, 5000);
}

Test(binding_names, follow_the_file_while_it_runs) {
  struct story *story = one_bound();
  renaming_lasts(story);
  const struct run *run = running_start(story, "200ms");
  enable(story, "org1", false);
  name_first(story, "first");
  reload(story, run, 1);
  story_await_sql(story, "first orga_story1", BOUND, 10000);
  cr_assert_eq(running_lines(story, run, "two names"), 0);
  enable(story, "first", false);
  name_first(story, "second");
  name_first(story, "third");
  reload(story, run, 2);
  running_await(story, run, "organization=second organization_id=", 1, 10000);
  running_await(story, run, "organization=third organization_id=", 1, 10000);
  running_await(story, run, "two names", 2, 10000);
  running_stop(story, run);
  story_expect_history(story);
  story_destroy(story);
}
