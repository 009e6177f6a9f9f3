/* /me/ and the single account may be as hostile as the list: nothing is bound on a guess, and nothing removed on one. */
#include "support/story.h"
#include "support/truth.h"

#include <criterion/criterion.h>
#include <string.h>

/* Bodies as they stand inside a JSON string: ' for \". */
static const char *quoted(struct story *story, const char *body) {
  const char *text = story_format(story, "%s", body), *quote;
  while ((quote = strchr(text, '\'')) != NULL)
    text = story_format(story, "%.*s\\\"%s", (int)(quote - text), text, quote + 1);
  return text;
}

static void answer(struct story *story, const char *path, const char *body) {
  story_replies(
      story,
      story_format(story,
                   "[{\"match\": {\"key\": \"api_story_1\", \"path\": \"%s\"}, \"status\": 200, \"body\": \"%s\"}]",
                   path, quoted(story, body)));
}

static const char *const strangers[] = {
    "",
    "null",
    "[]",
    "<html>",
    "{}",
    "{'id': null}",
    "{'id': ''}",
    "{'id': 7, 'organizations': [{'id': 'orga_story1'}]}",
    "{'id': ['user_story1']}",
    "{'id': 'user_story1'",
    "{'id': 'user_story1'} {}",
    "{'id': 'user_story1', 'organizations': [{'id': 'orga_other'}]}",
    "{'id': 'user_story1', 'memberships': [{'organization_id': 'orga_other'}, 7, null, {'organization_id': []}]}",
};

enum { STRANGERS = sizeof strangers / sizeof strangers[0] };

/* Not bound, told on stderr, no row written; the other organization is mirrored all the same. */
Test(hostile_me, binds_nothing_on_a_guess) {
  struct story *story = story_create_generated(2, 3, 1);
  for (int i = 0; i < STRANGERS; i++) {
    answer(story, "/me/", strangers[i]);
    const struct run *run = story_expect_exit(story, 1, "sync", "--json", NULL);
    story_expect_member(story, run, "org1", "outcome", "failed");
    story_expect_member(story, run, "org1", "organization_id", "null");
    story_expect_member(story, run, "org2", "error", "null");
    story_expect_stderr(story, run, "/me/");
  }
  story_expect_sql(story, "orga_story2", "select string_agg(distinct organization_id, ' ') from organization");
  story_expect_sql(story, "0", "select count(*) from account where organization_id <> 'orga_story2'");
  story_destroy(story);
}

/* An account is missing and answers 404, but who is asking? */
Test(hostile_me, removes_nothing_on_a_guess) {
  struct story *story = story_create_generated(2, 3, 1);
  story_expect_exit(story, 0, "sync", NULL);
  story_remove(story, 1, story_sql(story, "select max(account_id) from account where organization_id = 'orga_story1'"));
  for (int i = 0; i < STRANGERS; i++) {
    answer(story, "/me/", strangers[i]);
    const struct run *run = story_expect_exit(story, 1, "sync", "--json", NULL);
    story_expect_member(story, run, "org1", "removed", "0");
    story_expect_stderr(story, run, "/me/");
  }
  story_expect_sql(story, "6", "select count(*) from account");
  story_replies(story, "[]");
  story_expect_exit(story, 0, "sync", NULL);
  story_expect_exact(story);
  story_destroy(story);
}

/* Missing from the list, and its own answer is anything but itself. */
Test(hostile_me, the_single_answer_must_be_that_account) {
  static const char *const answers[] = {
      "",
      "<html>",
      "null",
      "{}",
      "{'id': 'emailacct_1'",
      "{'id': 'emailacct_2', 'organization_id': 'orga_story1'}",
      "{'id': ['emailacct_1']}",
      "[{'id': 'emailacct_1'}]",
      "{'data': [{'id': 'emailacct_1'}], 'has_more': false}",
      "{'id': 'emailacct_1', 'n': 1e999999}",
      "{'error': 'not found'}",
  };
  struct story *story = story_create(2);
  for (int i = 1; i <= 2; i++)
    story_put(story, 1, story_format(story, "{\"id\": \"emailacct_%d\", \"organization_id\": \"orga_story1\"}", i));
  story_expect_exit(story, 0, "sync", NULL);
  const char *before = story_dump(story, STORY_BOOKKEEPING);
  story_put_as(story, 1, "emailacct_1", "{\"id\": \"emailacct_1\", \"organization_id\": \"orga_story1\"}", false);
  for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
    answer(story, "/connected_account/emailacct_1/", answers[i]);
    const struct run *run = story_expect_exit(story, 1, "sync", "--json", NULL);
    story_expect_member(story, run, "org1", "outcome", "incomplete");
    story_expect_member(story, run, "org1", "error",
                        "an account is missing from the list, and its own answer is not that account");
    story_expect_same(story, before, story_dump(story, STORY_BOOKKEEPING));
  }
  answer(story, "/connected_account/emailacct_1/", "{'id': 'emailacct_1', 'organization_id': 'orga_other'}");
  const struct run *run = story_expect_exit(story, 1, "sync", "--json", NULL);
  story_expect_member(story, run, "org1", "outcome", "failed");
  story_expect_stderr(story, run, "organization behind this key changed");
  story_expect_same(story, before, story_dump(story, STORY_BOOKKEEPING));
  story_expect_history(story);
  story_spare(story, TRUTH_MIRROR, "what is hidden is mirrored, and not among what the simulator lists");
  story_destroy(story);
}

/* Names of organizations that no index takes, or that are none. */
Test(hostile_me, organizations_with_odd_names) {
  static const char *const odd[] = {"", " ", "a'b\\\"c", "../x", "\\u00fc", "\\u0000", "%s%n"};
  for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++) {
    struct story *story = story_create(2);
    story_put(story, 1, story_format(story, "{\"id\": \"a\", \"organization_id\": \"%s\"}", odd[i]));
    const char *me = story_format(story, "{\\\"id\\\": \\\"u\\\", \\\"organizations\\\": []}");
    story_replies(
        story,
        story_format(story, "[{\"match\": {\"key\": \"api_story_1\", \"path\": \"/me/\"}, \"body\": \"%s\"}]", me));
    const struct run *run = story_run(story, "sync", "--json", NULL);
    cr_assert_eq(run->exit_status, i == 0 ? 1 : 0, "%s", run->err);
    story_expect_sql(story, i == 0 ? "0" : "1", "select count(*) from account");
    story_expect_history(story);
    story_spare(story, TRUTH_TIMES | TRUTH_MIRROR, "the oracle reads JSON alone, and ids are mended");
    story_destroy(story);
  }
}

Test(hostile_me, an_organization_id_that_no_index_takes) {
  struct story *story = story_create_generated(2, 3, 1);
  char id[10001];
  for (unsigned i = 0, random = 1; i < sizeof id; i++, random = random * 1103515245 + 12345)
    id[i] = (char)('a' + (random >> 16) % 26); /* what compresses well would fit */
  id[10000] = '\0';
  story_accounts(story, 1, story_format(story, "[{\"id\": \"a\", \"organization_id\": \"%s\"}]", id));
  story_principal(story, 1, id, NULL);
  const struct run *run = story_expect_exit(story, 1, "sync", "--json", NULL);
  story_expect_member(story, run, "org1", "outcome", "failed");
  story_expect_member(story, run, "org2", "outcome", "changed");
  story_expect_stderr(story, run, "longer than 500 bytes");
  story_expect_sql(story, "3", "select count(*) from account");
  story_destroy(story);
}
