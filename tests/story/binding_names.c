/* A NAME is a name only: renamed in the file, the organization's row follows; two of them for one organization fail, the later one
 * first and then both, until one is gone. */
#include "support/story.h"

#include <criterion/criterion.h>

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

static void expect_both_fail(struct story *story) {
  const char *before = story_dump(story, STORY_BOOKKEEPING);
  const struct run *run = story_expect_exit(story, 1, "sync", "--json", NULL);
  story_expect_member(story, run, "org1", "outcome", "failed");
  story_expect_member(story, run, "second", "outcome", "failed");
  story_expect_stderr(story, run, "org1: two names");
  story_expect_stderr(story, run, "second: two names");
  story_expect_same(story, before, story_dump(story, STORY_BOOKKEEPING));
}

Test(binding_names, of_one_organization_fail_until_the_later_is_gone) {
  struct story *story = two_names();
  expect_both_fail(story);
  expect_both_fail(story);
  enable(story, "second", false);
  const struct run *run = story_expect_exit(story, 0, "sync", "--json", NULL);
  story_expect_member(story, run, "org1", "outcome", "unchanged");
  story_expect_sql(story, "{}", "select also_named from organization");
  story_expect_exact(story);
  enable(story, "second", true); /* and again, from the beginning */
  story_expect_exit(story, 1, "sync", NULL);
  expect_both_fail(story);
  story_destroy(story);
}

Test(binding_names, of_one_organization_fail_until_the_earlier_is_gone) {
  struct story *story = two_names();
  expect_both_fail(story);
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
    expect_both_fail(story);
    enable(story, "second", false);
    story_expect_exit(story, 0, "sync", NULL);
    story_expect_exact(story);
    cr_assert(story_ended(story, run));
    story_destroy(story);
  }
}
