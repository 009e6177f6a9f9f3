/* Pages that lie, overlap, shift or never end: what is certain is applied, nothing is removed, and a listing that did not hold
 * still is read once more (contract 5.4). */
#include "support/story.h"
#include "support/truth.h"

#include <criterion/criterion.h>
#include <string.h>

/* One organization with so many generated accounts in pages of ten; another one beside it. */
static struct story *paged(int accounts) {
  struct story *story = story_create_generated(2, accounts, 11);
  story_set(story, "api", "page_size", "10");
  return story;
}

static const struct run *expect(struct story *story, int exit_status, const char *outcome, const char *error) {
  const struct run *run = story_expect_exit(story, exit_status, "sync", "--json", NULL);
  story_expect_member(story, run, "org1", "outcome", outcome);
  story_expect_member(story, run, "org1", "removed", "0");
  story_expect_member(story, run, "org2", "error", "null");
  if (error)
    story_expect_stderr(story, run, error);
  return run;
}

Test(hostile_page, same_page_for_ever) {
  struct story *story = paged(35);
  story_expect_exit(story, 0, "sync", NULL);
  const char *before = story_dump(story, STORY_BOOKKEEPING);
  story_forget_requests(story);
  story_replies(story, "[{\"match\": {\"key\": \"api_story_1\"}, \"serve_skip\": 0, \"has_more\": \"true\"}]");
  expect(story, 1, "incomplete", "did not hold still while it was read, twice");
  story_expect_same(story, before, story_dump(story, STORY_BOOKKEEPING));
  cr_assert_leq(story_request_count(story, ""), 8 + 4);
  story_replies(story, "[]");
  expect(story, 0, "unchanged", NULL);
  story_expect_exact(story);
  story_destroy(story);
}

Test(hostile_page, same_page_for_ever_from_the_first_sweep_on) {
  struct story *story = paged(35);
  story_replies(story, "[{\"match\": {\"key\": \"api_story_1\"}, \"serve_skip\": 0, \"has_more\": \"true\"}]");
  expect(story, 1, "incomplete", "did not hold still");
  story_expect_sql(story, "10", "select count(*) from account where organization_id = 'orga_story1'");
  story_expect_sql(story, "0", "select count(*) from coverage where organization_id = 'orga_story1'");
  story_replies(story, "[]");
  expect(story, 0, "changed", NULL);
  story_expect_exact(story);
  story_destroy(story);
}

Test(hostile_page, empty_pages_that_promise_more) {
  struct story *story = paged(25);
  story_expect_exit(story, 0, "sync", NULL);
  const char *before = story_dump(story, STORY_BOOKKEEPING);
  story_replies(story, "[{\"match\": {\"key\": \"api_story_1\", \"path\": \"/connected_account/\", \"skip\": 10}, "
                       "\"body\": \"{\\\"data\\\": [], \\\"has_more\\\": true}\"}]");
  expect(story, 1, "incomplete", "did not hold still");
  story_expect_same(story, before, story_dump(story, STORY_BOOKKEEPING));
  story_destroy(story);
}

Test(hostile_page, has_more_false_too_early) {
  struct story *story = paged(35);
  story_expect_exit(story, 0, "sync", NULL);
  const char *before = story_dump(story, STORY_BOOKKEEPING);
  story_replies(story, "[{\"match\": {\"key\": \"api_story_1\", \"skip\": 10}, \"has_more\": \"false\"}]");
  expect(story, 3, "guarded", "--allow-removals");
  story_expect_same(story, before, story_dump(story, STORY_BOOKKEEPING));
  story_destroy(story);
}

Test(hostile_page, has_more_false_too_early_and_the_guard_lifted) {
  struct story *story = paged(35);
  story_expect_exit(story, 0, "sync", NULL);
  const char *before = story_dump(story, STORY_BOOKKEEPING);
  story_replies(story, "[{\"match\": {\"key\": \"api_story_1\", \"skip\": 10}, \"has_more\": \"false\"}]");
  const struct run *run = story_expect_exit(story, 0, "sync", "--json", "--allow-removals", "org1", NULL);
  story_expect_member(story, run, "org1", "outcome", "unchanged");
  story_expect_same(story, before, story_dump(story, STORY_BOOKKEEPING));
  story_expect_exact(story);
  story_destroy(story);
}

/* The second page shifted by three once: the second listing is good. */
Test(hostile_page, that_overlap_once) {
  struct story *story = paged(35);
  story_replies(story, "[{\"match\": {\"key\": \"api_story_1\", \"skip\": 10}, \"times\": 1, \"serve_skip\": 7}]");
  const struct run *run = expect(story, 0, "changed", NULL);
  story_expect_member(story, run, "org1", "accounts", "35");
  story_expect_exact(story);
  story_destroy(story);
}

/* Rows moved towards the front: one account is never shown. */
Test(hostile_page, that_skip_an_account) {
  struct story *story = paged(35);
  story_expect_exit(story, 0, "sync", NULL);
  const char *before = story_dump(story, STORY_BOOKKEEPING);
  story_replies(story, "[{\"match\": {\"key\": \"api_story_1\", \"skip\": 10}, \"serve_skip\": 11}, "
                       "{\"match\": {\"key\": \"api_story_1\", \"skip\": 20}, \"serve_skip\": 21}, "
                       "{\"match\": {\"key\": \"api_story_1\", \"skip\": 30}, \"serve_skip\": 31}]");
  story_forget_requests(story);
  expect(story, 0, "unchanged", NULL); /* each missing one answers for itself */
  story_expect_same(story, before, story_dump(story, STORY_BOOKKEEPING));
  story_expect_exact(story);
  story_destroy(story);
}

Test(hostile_page, that_overlap_for_ever) {
  struct story *story = paged(35);
  story_expect_exit(story, 0, "sync", NULL);
  story_replies(story, "[{\"match\": {\"key\": \"api_story_1\", \"skip\": 20}, \"serve_skip\": 19}]");
  expect(story, 1, "incomplete", "did not hold still");
  story_replies(story, "[]");
  expect(story, 0, "unchanged", NULL);
  story_expect_exact(story);
  story_destroy(story);
}

/* One account shown twice for ever costs none of the accounts behind it: the second listing is read to its end. */
Test(hostile_page, that_overlap_for_ever_from_the_first_sweep_on) {
  struct story *story = paged(35);
  story_replies(story, "[{\"match\": {\"key\": \"api_story_1\", \"skip\": 10}, \"serve_skip\": 9}]");
  const struct run *run = expect(story, 1, "incomplete", "did not hold still");
  story_expect_member(story, run, "org1", "added", "34");
  story_expect_sql(story, "34", "select count(*) from account where organization_id = 'orga_story1'");
  story_expect_history(story);
  story_destroy(story);
}

#define ACCOUNT(id, email) "{\"id\": \"" id "\", \"organization_id\": \"orga_story1\", \"email\": \"" email "\"}"

Test(hostile_page, equal_twins_on_one_page) {
  struct story *story = story_create(2);
  story_accounts(story, 1, "[" ACCOUNT("a", "1") "," ACCOUNT("a", "1") "," ACCOUNT("b", "1") "]");
  const struct run *run = expect(story, 0, "changed", NULL);
  story_expect_member(story, run, "org1", "accounts", "2");
  story_expect_sql(story, "2", "select count(*) from account_history");
  expect(story, 0, "unchanged", NULL);
  story_expect_exit(story, 0, "sync", "--verify", NULL);
  story_expect_sql(story, "2", "select count(*) from account_history");
  story_expect_history(story);
  story_spare(story, TRUTH_MIRROR, "the oracle counts twins");
  story_destroy(story);
}

/* Two contents for one id: neither is certain. What was known of it stays. */
Test(hostile_page, unequal_twins_on_one_page) {
  struct story *story = story_create(2);
  story_accounts(story, 1, "[" ACCOUNT("a", "1") "," ACCOUNT("b", "1") "]");
  story_expect_exit(story, 0, "sync", NULL);
  story_accounts(story, 1,
                 "[" ACCOUNT("a", "2") "," ACCOUNT("a", "3") "," ACCOUNT("b", "2") "," ACCOUNT("c", "1") "," ACCOUNT(
                     "c", "2") "]");
  expect(story, 1, "incomplete", "did not hold still");
  story_expect_sql(story, "a1 b2", "select string_agg(account_id || email, ' ' order by account_id) from account");
  story_expect_history(story);
  story_accounts(story, 1, "[" ACCOUNT("a", "3") "," ACCOUNT("b", "2") "," ACCOUNT("c", "2") "]");
  expect(story, 0, "changed", NULL);
  story_expect_exact(story);
  story_destroy(story);
}

Test(hostile_page, twins_on_two_pages) {
  struct story *story = story_create(2);
  story_set(story, "api", "page_size", "2");
  story_accounts(story, 1,
                 "[" ACCOUNT("a", "1") "," ACCOUNT("b", "1") "," ACCOUNT("c", "1") "," ACCOUNT("a", "1") "," ACCOUNT(
                     "d", "1") "]");
  expect(story, 1, "incomplete", "did not hold still");
  story_accounts(story, 1, "[" ACCOUNT("a", "1") "," ACCOUNT("b", "2") "," ACCOUNT("c", "1") "," ACCOUNT("a", "2") "]");
  expect(story, 1, "incomplete", "did not hold still");
  story_expect_sql(story, "1", "select string_agg(email, ' ') from account where account_id = 'a'");
  story_expect_sql(story, "2", "select email from account where account_id = 'b'");
  story_expect_sql(story, "0", "select count(*) from account_history where change = 'removed'");
  story_expect_history(story);
  story_spare(story, TRUTH_MIRROR, "twins never hold still");
  story_destroy(story);
}

static const char *requests_of(struct story *story, const char *settings, int accounts) {
  story_scene(story,
              story_format(story,
                           "{\"settings\": {%s}, \"organizations\": [{\"key\": \"api_story_1\", \"organization_id\": "
                           "\"orga_story1\", \"user_id\": \"user_story1\", \"generate\": {\"accounts\": %d, \"seed\": "
                           "2}}, {\"key\": \"api_story_2\", \"organization_id\": \"orga_story2\", \"user_id\": "
                           "\"user_story2\"}]}",
                           settings, accounts));
  story_forget_requests(story);
  const struct run *run = expect(story, 0, "changed", NULL);
  story_expect_member(story, run, "org1", "accounts", story_format(story, "%d", accounts));
  story_expect_exact(story);
  return story_requests(story);
}

Test(hostile_page, limit_refused) {
  struct story *story = story_create(2);
  const char *requests = requests_of(story, "\"max_limit\": 50", 130);
  cr_assert_not_null(strstr(requests, "/connected_account/\""), "asked without parameters: %s", requests);
  cr_assert_not_null(strstr(requests, "_skip=50\""), "then by _skip alone: %s", requests);
  cr_assert_not_null(strstr(requests, "_skip=100\""));
  story_destroy(story);
}

Test(hostile_page, limit_and_skip_ignored) {
  struct story *story = story_create(2);
  requests_of(story, "\"ignore_paging\": true", 130);
  cr_assert_eq(story_request_count(story, "_skip=100"), 0);
  story_destroy(story);
}

/* Less than asked for: the next page begins where this one ended. */
Test(hostile_page, smaller_than_asked) {
  struct story *story = story_create(2);
  story_set(story, "api", "page_size", "100");
  story_accounts(story, 1, "[" ACCOUNT("a", "1") "," ACCOUNT("b", "1") "," ACCOUNT("c", "1") "]");
  story_replies(
      story, "[{\"match\": {\"key\": \"api_story_1\", \"path\": \"/connected_account/\", \"skip\": 0}, \"body\": "
             "\"{\\\"data\\\": [{\\\"id\\\": \\\"a\\\", \\\"organization_id\\\": \\\"orga_story1\\\", \\\"email\\\": "
             "\\\"1\\\"}], \\\"has_more\\\": true}\"}]");
  const struct run *run = expect(story, 0, "changed", NULL);
  story_expect_member(story, run, "org1", "accounts", "3");
  cr_assert_eq(story_request_count(story, "_skip=1"), 1);
  story_expect_exact(story);
  story_destroy(story);
}

/* The page behind it was asked for already, a full page on: it is given up. */
Test(hostile_page, smaller_than_the_one_before) {
  struct story *story = story_create(2);
  story_set(story, "api", "page_size", "2");
  story_accounts(story, 1,
                 "[" ACCOUNT("a", "1") "," ACCOUNT("b", "1") "," ACCOUNT("c", "1") "," ACCOUNT("d", "1") "," ACCOUNT(
                     "e", "1") "," ACCOUNT("f", "1") "]");
  story_replies(
      story, "[{\"match\": {\"key\": \"api_story_1\", \"path\": \"/connected_account/\", \"skip\": 2}, \"body\": "
             "\"{\\\"data\\\": [{\\\"id\\\": \\\"c\\\", \\\"organization_id\\\": \\\"orga_story1\\\", \\\"email\\\": "
             "\\\"1\\\"}], \\\"has_more\\\": true}\"}]");
  const struct run *run = expect(story, 0, "changed", NULL);
  story_expect_member(story, run, "org1", "accounts", "6");
  cr_assert_eq(story_request_count(story, "_skip=3"), 1);
  cr_assert_eq(story_request_count(story, "_skip=5"), 1);
  story_expect_exact(story);
  story_destroy(story);
}

Test(hostile_page, refused_while_the_one_before_is_read) {
  struct story *story = paged(35);
  story_replies(story, "[{\"match\": {\"key\": \"api_story_1\", \"skip\": 20}, \"status\": 500, \"body\": \"{}\"}]");
  expect(story, 1, "failed", "HTTP 500");
  cr_assert_eq(story_request_count(story, "_skip=20"), 2, "once by each: the answer is kept");
  story_destroy(story);
}

/* close-api.md 9.4: the server allows no deeper _skip, but answers whole when it is asked plainly. What was read before is forgotten,
 * so that no account counts as shown twice. */
Test(hostile_page, skip_refused) {
  struct story *story = paged(35);
  story_expect_exit(story, 0, "sync", NULL);
  const char *before = story_dump(story, STORY_BOOKKEEPING);
  story_replies(story, "[{\"match\": {\"key\": \"api_story_1\", \"skip\": 20}, \"status\": 400, \"body\": \"{}\"}]");
  const struct run *run = expect(story, 0, "unchanged", NULL);
  story_expect_member(story, run, "org1", "accounts", "35");
  story_expect_same(story, before, story_dump(story, STORY_BOOKKEEPING));
  story_expect_exact(story);
  story_destroy(story);
}

/* And when even the plain answer promises more, which no parameter may ask for: nothing beyond it can be known, nothing is removed. */
Test(hostile_page, skip_refused_and_more_promised) {
  struct story *story = paged(35);
  story_expect_exit(story, 0, "sync", NULL);
  const char *before = story_dump(story, STORY_BOOKKEEPING);
  story_replies(story,
                "[{\"match\": {\"key\": \"api_story_1\", \"query\": \"_skip=\"}, \"status\": 400, \"body\": \"{}\"},"
                " {\"match\": {\"key\": \"api_story_1\", \"path\": \"/connected_account/\"}, \"has_more\": \"true\"}]");
  const struct run *run = story_run(story, "sync", "--json", NULL);
  cr_assert_eq(run->exit_status, 1);
  story_expect_member(story, run, "org1", "outcome", "incomplete");
  story_expect_member(story, run, "org1", "removed", "0");
  story_expect_same(story, before, story_dump(story, STORY_BOOKKEEPING));
  story_destroy(story);
}

/* An empty list with 200, while the accounts are there: each is asked for, and answers. */
Test(hostile_page, an_empty_list_proves_nothing) {
  struct story *story = paged(3);
  story_expect_exit(story, 0, "sync", NULL);
  const char *before = story_dump(story, STORY_BOOKKEEPING);
  story_replies(story, "[{\"match\": {\"key\": \"api_story_1\", \"path\": \"/connected_account/\"}, \"body\": "
                       "\"{\\\"data\\\": [], \\\"has_more\\\": false}\"}]");
  expect(story, 0, "unchanged", NULL);
  story_expect_same(story, before, story_dump(story, STORY_BOOKKEEPING));
  story_destroy(story);
}
