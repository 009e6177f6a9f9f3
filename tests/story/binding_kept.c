/* What a NAME is bound to stays: another organization or another user_id behind it fails the sweep, writes nothing of the mirror
 * and says what to do. */
#include "support/story.h"
#include "support/truth.h"

#include <criterion/criterion.h>
#include <stdio.h>

static struct story *two_bound(void) {
  struct story *story = story_create(2);
  for (int i = 1; i <= 2; i++)
    story_put(story, i, story_format(story, "{\"id\": \"emailacct_%d\", \"organization_id\": \"orga_story%d\"}", i, i));
  story_expect_exit(story, 0, "sync", NULL);
  return story;
}

static void set_key(struct story *story, int organization, int key) {
  FILE *file = fopen(story_format(story, "%s/org%d.key", story_directory(story), organization), "we");
  cr_assert_not_null(file);
  fprintf(file, "api_story_%d\n", key);
  fclose(file);
}

/* The sweep of org1 fails so, and only its bookkeeping moves. */
static void expect_refusal(struct story *story, const char *error) {
  const char *before = story_dump(story, STORY_BOOKKEEPING);
  const struct run *run = story_expect_exit(story, 1, "sync", "--json", "org1", NULL);
  story_expect_member(story, run, "org1", "outcome", "failed");
  story_expect_stderr(story, run, "the organization behind this key changed");
  story_expect_stderr(story, run, error);
  story_expect_same(story, before, story_dump(story, STORY_BOOKKEEPING));
  story_expect_sql(story, "failed", "select last_outcome from organization where name = 'org1'");
  story_expect_sql(story, "orga_story1", "select organization_id from organization where name = 'org1'");
}

static void expect_recovery(struct story *story) {
  story_expect_exit(story, 0, "sync", NULL);
  story_expect_sql(story, "0", "select max(consecutive_failures) from organization");
  story_expect_sql(story, "0", "select count(last_error) from organization");
  story_expect_exact(story);
}

Test(binding_kept, against_the_key_of_another_organization) {
  struct story *story = two_bound();
  set_key(story, 1, 2);
  set_key(story, 2, 1);
  expect_refusal(story, "orga_story2");
  expect_refusal(story, "use a new NAME");
  story_expect_sql(
      story, "1 failed 2",
      "select count(*) || ' ' || max(outcome) || ' ' || max(attempts) from sweep where outcome = 'failed'");
  set_key(story, 1, 1);
  set_key(story, 2, 2);
  expect_recovery(story);
  cr_assert_eq(story_count(story, "select count(*) from account_history"), 2);
  story_destroy(story);
}

/* What is stored already is the same whoever lists it; before anything else of theirs is written, /me/ is asked. */
Test(binding_kept, against_a_key_whose_accounts_do_not_say_whose_they_are) {
  struct story *story = story_create(2);
  story_set(story, "sync", "max_removed", "1%");
  story_put(story, 1, "{\"id\": \"emailacct_1\"}");
  story_put(story, 2, "{\"id\": \"emailacct_1\"}");
  story_expect_exit(story, 0, "sync", NULL);
  set_key(story, 1, 2);
  story_put(story, 2, "{\"id\": \"emailacct_2\"}");
  expect_refusal(story, "/me/ names orga_story2");
  for (int i = 3; i < 9; i++) /* more are missing than the guard lets go */
    story_put(story, 1, story_format(story, "{\"id\": \"emailacct_%d\"}", i));
  set_key(story, 1, 1);
  story_expect_exit(story, 0, "sync", "org1", NULL);
  set_key(story, 1, 2);
  expect_refusal(story, "/me/ names orga_story2");
  set_key(story, 1, 1);
  expect_recovery(story);
  story_destroy(story);
}

/* What Close calls an organization may be anything: it is neither logged nor stored unless it looks like one. */
Test(binding_kept, and_tells_no_secret_of_a_stranger) {
  struct story *story = two_bound();
  story_put(story, 1, "{\"id\": \"emailacct_1\", \"organization_id\": \"api_story_1\"}");
  expect_refusal(story, "the key shows accounts of another organization");
  story_put(story, 1, "{\"id\": \"emailacct_1\", \"organization_id\": \"somebody@example.com\"}");
  expect_refusal(story, "the key shows accounts of another organization");
  story_expect_sql(story, "0", "select count(*) from sweep where error ~ 'api_story|example'");
  story_spare(story, TRUTH_MIRROR, "it ends with the key of another organization");
  story_destroy(story);
}

Test(binding_kept, against_another_organization_id) {
  struct story *story = two_bound();
  story_set(story, "organization org1", "organization_id", "orga_other");
  story_forget_requests(story);
  expect_refusal(story, "orga_other");
  cr_assert_eq(story_request_count(story, ""), 0, "it was known before any request");
  story_set(story, "organization org1", "organization_id", "orga_story1");
  expect_recovery(story);
  story_destroy(story);
}

Test(binding_kept, against_another_user_id) {
  struct story *story = two_bound();
  story_set(story, "organization org1", "user_id", "user_story1");
  story_forget_requests(story);
  expect_refusal(story, "user_id");
  cr_assert_eq(story_request_count(story, ""), 0, "it was known before any request");
  story_set(story, "organization org1", "user_id", "");
  expect_recovery(story);
  story_destroy(story);
}

Test(binding_kept, against_an_empty_list_of_another_organization) {
  struct story *story = two_bound();
  story_accounts(story, 2, "[]");
  set_key(story, 1, 2);
  expect_refusal(story, "/me/");
  set_key(story, 1, 1);
  story_expect_exit(story, 0, "sync", NULL);
  story_expect_exact(story);
  cr_assert_eq(story_count(story, "select count(*) from account"), 1);
  story_destroy(story);
}

Test(binding_kept, against_a_list_of_two_organizations) {
  struct story *story = two_bound();
  story_put(story, 1, "{\"id\": \"emailacct_x\", \"organization_id\": \"orga_story2\"}");
  expect_refusal(story, "orga_story2");
  story_put(story, 1, "{\"id\": \"emailacct_y\", \"organization_id\": \"orga_story1\"}");
  const struct run *run = story_expect_exit(story, 1, "sync", "--json", NULL);
  story_expect_stderr(story, run, "the accounts of two organizations");
  story_remove(story, 1, "emailacct_x");
  expect_recovery(story);
  cr_assert_eq(story_count(story, "select count(*) from account"), 3);
  story_destroy(story);
}
