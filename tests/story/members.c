/* Table member: asked for with each verifying sweep and for unknown users; no answer fails a sweep; erased people stay erased. */
#include "support/running.h"

#include <criterion/criterion.h>
#include <string.h>

#define ACCOUNT \
  "{\"id\": \"emailacct_1\", \"_type\": \"google\", \"email\": \"a@example.com\", \"user_id\": \"user_a\"}"

static struct story *open_story(void) {
  struct story *story = story_create(1);
  story_set(story, "sync", "members", "yes");
  story_put(story, 1, ACCOUNT);
  return story;
}

/* What /organization/{id}/ says from now on: {"memberships": ..., "inactive_memberships": ...} without the braces; NULL: as it is. */
static void say(struct story *story, const char *lists) {
  char escaped[4096], *at = escaped;
  for (const char *from = lists; *from != '\0'; from++) {
    if (*from == '"')
      *at++ = '\\';
    *at++ = *from;
  }
  *at = '\0';
  story_replies(story, story_format(story,
                                    "[{\"match\": {\"path\": \"/organization/orga_story1/\"}, \"body\": "
                                    "\"{\\\"id\\\": \\\"orga_story1\\\", %s}\"}]",
                                    escaped));
}

static const char *person(struct story *story, const char *id, const char *name) {
  return story_format(story,
                      "{\"user_id\": \"%s\", \"user_email\": \"%s@x.org\", \"user_full_name\": \"%s\", \"role_id\": "
                      "\"admin\", \"secret\": \"s3cr3t\"}",
                      id, id, name);
}

Test(members, are_asked_for_with_a_verifying_sweep_alone) {
  struct story *story = open_story();
  const struct run *run = story_expect_exit(story, 0, "sync", "--json", NULL);
  story_expect_member(story, run, "org1", "requests", "2");
  cr_assert_eq(story_request_count(story, "/organization/orga_story1/"), 1);
  story_expect_sql(story, "2", "select count(*) from member where is_active and left_at is null");
  story_expect_sql(story, "user_a@example.com Person user_a admin",
                   "select email || ' ' || full_name || ' ' || role_id from member where user_id = 'user_a'");
  const char *revision = story_sql(story, "select revision::text from organization");
  story_expect_exit(story, 0, "sync", NULL);
  cr_assert_eq(story_request_count(story, "/organization/"), 1, "an unchanged sweep asks for nobody");
  const char *before = story_sql(story, "select string_agg(xmin::text, ',' order by user_id) from member");
  story_expect_exit(story, 0, "sync", "--verify", NULL);
  cr_assert_eq(story_request_count(story, "/organization/"), 2);
  story_expect_sql(story, before, "select string_agg(xmin::text, ',' order by user_id) from member");
  story_edit(story, 1, "emailacct_1", "{\"user_id\": \"user_b\"}");
  story_expect_exit(story, 0, "sync", NULL);
  cr_assert_eq(story_request_count(story, "/organization/"), 3, "a user that nobody knows");
  story_expect_sql(story, "Person user_b", "select owner_name from account_overview");
  story_expect_sql(story, "1", story_format(story, "select revision - %s from organization", revision));
  story_destroy(story);
}

Test(members, leave_come_back_and_are_forgotten) {
  struct story *story = open_story();
  const char *a = person(story, "user_a", "Ann"), *b = person(story, "user_b", "Bob"),
             *c = person(story, "user_c", "Cid");
  say(story, story_format(story, "\"memberships\": [%s, %s, %s], \"inactive_memberships\": [%s]", a, b, c, b));
  story_expect_exit(story, 0, "sync", NULL);
  story_expect_sql(story, "user_a,user_b,user_c",
                   "select string_agg(user_id, ',' order by user_id) from member where is_active");
  say(story, story_format(story, "\"memberships\": [%s], \"inactive_memberships\": [%s]", a, b));
  story_expect_exit(story, 0, "sync", "--verify", NULL);
  story_expect_sql(story, "f", "select is_active from member where user_id = 'user_b' and left_at is not null");
  story_expect_sql(story, "1",
                   "select count(*) from member where user_id = 'user_c' and is_active is null and left_at is not null "
                   "and full_name = 'Cid'");
  story_expect_sql(story, "0", "select count(*) from member where member::text like '%s3cr3t%'");
  say(story, story_format(story, "\"memberships\": [%s, %s], \"inactive_memberships\": []", a, b));
  story_expect_exit(story, 0, "sync", "--verify", NULL);
  story_expect_sql(story, "t", "select left_at is null and is_active from member where user_id = 'user_b'");
  story_set(story, "sync", "members", "no");
  story_forget_requests(story);
  story_expect_exit(story, 0, "sync", "--verify", NULL);
  story_expect_sql(story, "0", "select count(*) from member");
  cr_assert_eq(story_request_count(story, "/organization/"), 0);
  story_destroy(story);
}

Test(members, who_left_are_erased_and_stay_so) {
  struct story *story = open_story();
  const char *a = person(story, "user_a", "Ann"), *b = person(story, "user_b", "Bob");
  say(story, story_format(story, "\"memberships\": [%s, %s], \"inactive_memberships\": []", a, b));
  story_expect_exit(story, 0, "sync", NULL);
  story_expect_stderr(story, story_expect_exit(story, 1, "erase", "--user", "user_b", NULL), "active member");
  say(story, story_format(story, "\"memberships\": [%s], \"inactive_memberships\": [%s]", a, b));
  story_expect_exit(story, 0, "sync", "--verify", NULL);
  const struct run *erased = story_expect_exit(story, 0, "erase", "--user", "user_b", NULL);
  cr_assert_not_null(
      strstr(erased->out, "erased 0 documents of 0 accounts, 0 rejected entries, but what was kept of members\n"));
  story_expect_sql(
      story, "t",
      "select email is null and full_name is null and erased_at is not null from member where user_id = 'user_b'");
  story_expect_exit(story, 0, "sync", "--verify", NULL);
  story_expect_sql(story, "0", "select count(*) from member where member::text ilike '%bob%'");
  say(story, story_format(story, "\"memberships\": [%s, %s], \"inactive_memberships\": []", a, b));
  story_expect_exit(story, 0, "sync", "--verify", NULL);
  story_expect_sql(story, "Bob", "select full_name from member where user_id = 'user_b' and erased_at is null");
  story_destroy(story);
}

Test(members, of_a_strange_answer_stay_as_they_are) {
  static const char *const answers[] = {"\"memberships\": []", "\"memberships\": {}, \"inactive_memberships\": []",
                                        "\"id\": \"orga_other\", \"memberships\": [], \"inactive_memberships\": []"};
  struct story *story = open_story();
  story_expect_exit(story, 0, "sync", NULL);
  const char *before = story_sql(story, "select string_agg(member::text, ',' order by user_id) from member");
  for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
    say(story, answers[i]);
    const struct run *run = story_expect_exit(story, 0, "sync", "--verify", NULL);
    story_expect_stderr(story, run, "could not read the members");
  }
  static const char *const replies[] = {"\"status\": 404", "\"status\": 401", "\"status\": 200, \"body\": \"[1\"",
                                        "\"status\": 500"};
  for (size_t i = 0; i < sizeof replies / sizeof *replies; i++) {
    story_replies(story, story_format(story, "[{\"match\": {\"path_prefix\": \"/organization/\"}, %s}]", replies[i]));
    story_expect_stderr(story, story_expect_exit(story, 0, "sync", "--verify", NULL), "could not read the members");
  }
  story_replies(story, "[{\"match\": {\"path_prefix\": \"/organization/\"}, \"status\": 403}]");
  story_expect_stderr(story, story_expect_exit(story, 0, "sync", "--verify", NULL),
                      "refuses them to the key's user (HTTP 403)");
  story_expect_sql(story, before, "select string_agg(member::text, ',' order by user_id) from member");
  story_destroy(story);
}

Test(members, are_kept_by_run_and_one_failure_is_said_once) {
  struct story *story = open_story();
  story_set(story, "sync", "verify_interval", "1s");
  story_replies(story, "[{\"match\": {\"path_prefix\": \"/organization/\"}, \"status\": 403}]");
  const struct run *run = running_start(story, "300ms");
  running_await_requests(story, 1, 12, 20000);
  cr_assert_eq(running_lines(story, run, "could not read the members"), 1);
  story_replies(story, "[]");
  story_await_sql(story, "2", "select count(*) from member", 20000);
  running_stop(story, run);
  story_destroy(story);
}
