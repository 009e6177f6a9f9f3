/* The guard: when more than sync.max_removed of the accounts, and more than three, are missing at once, none goes and nobody is
 * asked, until --allow-removals or the accounts are back. What else is certain is applied. */
#include "support/story.h"

#include <criterion/criterion.h>
#include <string.h>

static struct story *with_accounts(int count) {
  struct story *story = story_create_generated(1, count, 11);
  story_expect_exit(story, 0, "sync", NULL);
  return story;
}

static const char *id_of(struct story *story, int number) {
  return story_sql(
      story, story_format(story, "select account_id from account_history order by seq offset %d limit 1", number));
}

/* Takes the first ones away. */
static void take_away(struct story *story, int count) {
  for (int i = 0; i < count; i++)
    story_remove(story, 1, id_of(story, i));
}

static void expect_guarded(struct story *story, const struct run *run) {
  story_expect_member(story, run, "org1", "outcome", "guarded");
  story_expect_member(story, run, "org1", "removed", "0");
  story_expect_stderr(story, run, "--allow-removals");
}

struct threshold {
  int accounts, missing;
  const char *max_removed; /* NULL: the default, 20% */
  bool is_guarded;
};

static void expect_threshold(const struct threshold *threshold) {
  struct story *story = with_accounts(threshold->accounts);
  if (threshold->max_removed != NULL)
    story_set(story, "sync", "max_removed", threshold->max_removed);
  take_away(story, threshold->missing);
  story_forget_requests(story);
  const struct run *run = story_expect_exit(story, threshold->is_guarded ? 3 : 0, "sync", "--json", NULL);
  if (threshold->is_guarded) {
    expect_guarded(story, run);
    cr_assert_eq(story_request_count(story, "/connected_account/emailacct"), 0, "the guard comes before the probes");
  } else {
    story_expect_member(story, run, "org1", "removed", story_format(story, "%d", threshold->missing));
    story_expect_exact(story);
  }
  story_destroy(story);
}

Test(removal_guard, begins_above_the_share_and_above_three) {
  static const struct threshold thresholds[] = {
      {3, 3, NULL, false},  /* all of them, but no more than three */
      {4, 3, NULL, false},  /* */
      {4, 4, NULL, true},   /* an empty list */
      {20, 4, NULL, false}, /* exactly the share */
      {19, 4, NULL, true},  /* a little more */
  };
  for (size_t i = 0; i < sizeof thresholds / sizeof *thresholds; i++)
    expect_threshold(&thresholds[i]);
}

Test(removal_guard, takes_its_share_from_the_configuration) {
  static const struct threshold thresholds[] = {
      {100, 29, "29%", false}, /* 0.29 * 100 is less than 29 in binary */
      {100, 30, "29%", true},  {12, 3, "0%", false}, {12, 4, "0%", true}, {6, 6, "100%", false},
  };
  for (size_t i = 0; i < sizeof thresholds / sizeof *thresholds; i++)
    expect_threshold(&thresholds[i]);
}

Test(removal_guard, applies_the_rest_and_says_so_until_removals_are_allowed) {
  struct story *story = with_accounts(12);
  take_away(story, 5);
  story_edit(story, 1, id_of(story, 8), "{\"send_status\": \"guarded meanwhile\"}");
  story_put(story, 1, "{\"id\": \"emailacct_new\", \"_type\": \"zoom\"}");
  const struct run *run = story_expect_exit(story, 3, "sync", "--json", NULL);
  expect_guarded(story, run);
  story_expect_member(story, run, "org1", "added", "1");
  story_expect_member(story, run, "org1", "changed", "1");
  for (int i = 0; i < 2; i++)
    expect_guarded(story, story_expect_exit(story, 3, "sync", "--json", NULL));
  story_expect_sql(
      story, "guarded 3",
      "select string_agg(outcome || ' ' || attempts, ',' order by sweep_id) from sweep where outcome <> 'changed'");
  story_expect_sql(story, "13", "select count(*) from account");
  run = story_expect_exit(story, 0, "sync", "--json", "--allow-removals", NULL);
  story_expect_member(story, run, "org1", "removed", "5");
  story_expect_exact(story);
  story_destroy(story);
}

Test(removal_guard, is_over_when_the_accounts_are_back) {
  struct story *story = with_accounts(8);
  const char *kept = story_truth(story, 1);
  const char *before = story_dump(story, STORY_BOOKKEEPING);
  take_away(story, 4);
  story_expect_exit(story, 3, "sync", NULL);
  story_accounts(story, 1, strchr(kept, '['));
  const struct run *run = story_expect_exit(story, 0, "sync", "--json", NULL);
  story_expect_member(story, run, "org1", "outcome", "unchanged");
  story_expect_same(story, before, story_dump(story, STORY_BOOKKEEPING));
  story_expect_sql(story, "0", "select count(*) from account_digest where seen_at is not null");
  story_expect_sql(story, "", "select last_error from organization");
  story_expect_exact(story);
  story_destroy(story);
}

Test(removal_guard, is_lifted_for_one_sweep_and_still_asks_for_proof) {
  struct story *story = with_accounts(10);
  take_away(story, 5);
  story_replies(story, story_format(story, "[{\"match\": {\"path\": \"/connected_account/%s/\"}, \"status\": 500}]",
                                    id_of(story, 2)));
  const struct run *run = story_expect_exit(story, 1, "sync", "--json", "--allow-removals", NULL);
  story_expect_member(story, run, "org1", "outcome", "incomplete");
  story_expect_member(story, run, "org1", "removed", "4");
  story_replies(story, "[]");
  story_expect_exit(story, 0, "sync", NULL);
  story_expect_exact(story);
  for (int i = 5; i < 9; i++)
    story_remove(story, 1, id_of(story, i));
  expect_guarded(story, story_expect_exit(story, 3, "sync", "--json", NULL));
  story_destroy(story);
}

Test(removal_guard, is_lifted_by_name_among_several) {
  struct story *story = story_create_generated(2, 6, 5);
  story_expect_exit(story, 0, "sync", NULL);
  story_accounts(story, 1, "[]");
  story_accounts(story, 2, "[]");
  const struct run *run = story_expect_exit(story, 64, "sync", "--allow-removals", NULL);
  story_expect_stderr(story, run, "NAME");
  run = story_expect_exit(story, 0, "sync", "--json", "--allow-removals", "org2", NULL);
  story_expect_member(story, run, "org2", "removed", "6");
  story_expect_sql(story, "6", "select count(*) from account where organization_id = 'orga_story1'");
  expect_guarded(story, story_expect_exit(story, 3, "sync", "--json", NULL));
  story_expect_history(story);
  story_destroy(story);
}
