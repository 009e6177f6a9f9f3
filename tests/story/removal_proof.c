/* Absence is believed only with proof: the account's own 404, while a listed account and /me/ show that the key still sees this
 * organization. Everything else leaves the account where it is and says so. */
#include "support/story.h"
#include "support/truth.h"

#include <criterion/criterion.h>

static const char GONE[] = "emailacct_gone";
static const char STAYS[] = "emailacct_stays";

/* Two accounts are mirrored; one of them has left the list since. */
static struct story *one_missing(void) {
  struct story *story = story_create(1);
  story_set(story, "api", "request_timeout", "10s");
  story_put(story, 1, "{\"id\": \"emailacct_gone\", \"_type\": \"google\", \"organization_id\": \"orga_story1\"}");
  story_put(story, 1, "{\"id\": \"emailacct_stays\", \"_type\": \"zoom\", \"organization_id\": \"orga_story1\"}");
  story_expect_exit(story, 0, "sync", NULL);
  story_remove(story, 1, GONE);
  return story;
}

struct scene {
  const char *path;  /* what is asked: an id, or "me" */
  const char *reply; /* members of the rule */
  const char *outcome;
  int exit_status;
  const char *error;
};

static void expect_no_removal(struct story *story, const struct scene *scene) {
  bool is_me = scene->path[0] == 'm';
  story_replies(story, story_format(story, "[{\"match\": {\"path\": \"/%s%s/\"}, %s}]",
                                    is_me ? "" : "connected_account/", scene->path, scene->reply));
  const char *before = story_dump(story, STORY_BOOKKEEPING);
  const struct run *run = story_run(story, "sync", "--json", NULL);
  if (run->exit_status != scene->exit_status)
    story_fail(story, "%s with %s: exit status %d, expected %d", scene->path, scene->reply, run->exit_status,
               scene->exit_status);
  story_expect_member(story, run, "org1", "outcome", scene->outcome);
  story_expect_member(story, run, "org1", "removed", "0");
  story_expect_stderr(story, run, scene->error);
  story_expect_same(story, before, story_dump(story, STORY_BOOKKEEPING));
}

/* At the end of every story: without rules, the removal is proven. */
static void expect_removal(struct story *story) {
  story_replies(story, "[]");
  const struct run *run = story_expect_exit(story, 0, "sync", "--json", NULL);
  story_expect_member(story, run, "org1", "outcome", "changed");
  story_expect_member(story, run, "org1", "removed", "1");
  story_expect_member(story, run, "org1", "error", "null");
  story_expect_sql(story, "emailacct_stays", "select string_agg(account_id, ',') from account");
  story_expect_exact(story);
}

#define ERROR_BODY "\"body\": \"{\\\"error\\\": \\\"no\\\"}\""

static void expect_no_removals(const struct scene *scenes, size_t count) {
  struct story *story = one_missing();
  for (size_t i = 0; i < count; i++)
    expect_no_removal(story, &scenes[i]);
  expect_removal(story);
  story_destroy(story);
}

static const char NOTHING[] = "asking for it proved nothing";
static const char NOT_THAT[] = "its own answer is not that account";

Test(removal_proof, nothing_but_a_404_with_a_body_is_one) {
  static const struct scene scenes[] = {
      {GONE, "\"status\": 401, " ERROR_BODY, "incomplete", 1, NOTHING},
      {GONE, "\"status\": 403, " ERROR_BODY, "incomplete", 1, NOTHING},
      {GONE, "\"status\": 400, " ERROR_BODY, "incomplete", 1, NOTHING},
      {GONE, "\"status\": 410, " ERROR_BODY, "incomplete", 1, NOTHING},
      {GONE, "\"status\": 404", "incomplete", 1, NOTHING},
      {GONE, "\"status\": 204", "incomplete", 1, NOTHING},
      {GONE, "\"redirect\": \"/api/v1/elsewhere/\"", "incomplete", 1, NOTHING},
      {GONE, "\"bare\": true, \"status\": 429, \"headers\": {\"retry-after\": \"60\"}", "incomplete", 1, NOTHING},
      {GONE, "\"status\": 500, " ERROR_BODY, "incomplete", 1, NOTHING},
      {GONE, "\"status\": 502, " ERROR_BODY, "incomplete", 1, NOTHING},
  };
  expect_no_removals(scenes, sizeof scenes / sizeof *scenes);
}

Test(removal_proof, an_answer_that_is_not_the_account_is_none) {
  static const struct scene scenes[] = {
      {GONE, "\"status\": 200, \"body\": \"\"", "incomplete", 1, NOT_THAT},
      {GONE, "\"status\": 200, \"body\": \"{}\"", "incomplete", 1, NOT_THAT},
      {GONE, "\"status\": 200, \"body\": \"null\"", "incomplete", 1, NOT_THAT},
      {GONE, "\"status\": 200, \"body\": \"<html>\"", "incomplete", 1, NOT_THAT},
      {GONE, "\"status\": 200, \"body\": \"{\\\"data\\\": [], \\\"has_more\\\": false}\"", "incomplete", 1, NOT_THAT},
      {GONE, "\"status\": 200, \"body_json\": {\"id\": \"emailacct_other\"}", "incomplete", 1, NOT_THAT},
      {GONE, "\"status\": 200, \"body_json\": {\"id\": \"emailacct_gone\", \"organization_id\": \"orga_other\"}",
       "failed", 1, "the organization behind this key changed"},
  };
  expect_no_removals(scenes, sizeof scenes / sizeof *scenes);
}

Test(removal_proof, a_server_that_is_not_there_gives_none) {
  static const struct scene scenes[] = {
      {GONE, "\"status\": 503, " ERROR_BODY, "incomplete", 1, NOTHING},
      {GONE, "\"reset\": true", "incomplete", 1, NOTHING},
      {GONE, "\"status\": 404, \"body\": \"half of it\", \"cut_after\": 3", "incomplete", 1, NOTHING},
  };
  expect_no_removals(scenes, sizeof scenes / sizeof *scenes);
}

Test(removal_proof, a_timeout_is_none) {
  struct story *story = one_missing();
  struct scene silence = {GONE, "\"delay_ms\": 5000", "incomplete", 1, NOTHING};
  story_set(story, "api", "request_timeout", "500ms");
  expect_no_removal(story, &silence);
  story_expect_sql(story, "6",
                   "select requests from sweep order by sweep_id desc limit 1"); /* it was tried three times */
  story_set(story, "api", "request_timeout", "10s");
  expect_removal(story);
  story_destroy(story);
}

Test(removal_proof, a_listed_account_must_be_readable) {
  static const char control[] = "could not be read by its id";
  static const struct scene scenes[] = {
      {STAYS, "\"status\": 404, " ERROR_BODY, "incomplete", 1, control},
      {STAYS, "\"status\": 403, " ERROR_BODY, "incomplete", 1, control},
      {STAYS, "\"status\": 500, " ERROR_BODY, "incomplete", 1, control},
      {STAYS, "\"status\": 200, \"body\": \"\"", "incomplete", 1, control},
      {STAYS, "\"status\": 200, \"body\": \"[]\"", "incomplete", 1, control},
  };
  expect_no_removals(scenes, sizeof scenes / sizeof *scenes);
}

Test(removal_proof, me_must_name_the_recorded_user_and_organization) {
  static const char silent[] = "/me/ did not say who is asking";
  static const char changed[] = "the organization behind this key changed";
#define ME(user, organizations) \
  "\"status\": 200, \"body_json\": {\"id\": " user ", \"organizations\": " organizations "}"
  static const struct scene scenes[] = {
      {"me", "\"status\": 401, " ERROR_BODY, "incomplete", 1, silent},
      {"me", "\"status\": 500, " ERROR_BODY, "incomplete", 1, silent},
      {"me", "\"status\": 200, \"body\": \"\"", "incomplete", 1, silent},
      {"me", ME("7", "[{\"id\": \"orga_story1\"}]"), "incomplete", 1, silent},
      {"me", ME("\"user_other\"", "[{\"id\": \"orga_story1\"}]"), "guarded", 3, "--allow-removals"},
      {"me", ME("\"user_story1\"", "[{\"id\": \"orga_other\"}]"), "failed", 1, changed},
      {"me", ME("\"user_story1\"", "[]"), "failed", 1, changed},
      {"me", "\"status\": 200, \"body_json\": {\"id\": \"user_story1\"}", "failed", 1, changed},
      {"me", ME("\"user_other\"", "[{\"id\": \"orga_other\"}]"), "failed", 1, changed},
  };
  expect_no_removals(scenes, sizeof scenes / sizeof *scenes);
}

Test(removal_proof, another_principal_is_recorded_when_removals_are_allowed) {
  struct story *story = one_missing();
  story_principal(story, 1, NULL, "user_other");
  const struct run *run = story_expect_exit(story, 3, "sync", "--json", NULL);
  story_expect_member(story, run, "org1", "outcome", "guarded");
  story_expect_sql(story, "user_story1", "select principal_id from organization");
  run = story_expect_exit(story, 0, "sync", "--json", "--allow-removals", NULL);
  story_expect_member(story, run, "org1", "removed", "1");
  story_expect_sql(story, "user_other", "select principal_id from organization");
  story_remove(story, 1, STAYS);
  run = story_expect_exit(story, 0, "sync", "--json", NULL);
  story_expect_member(story, run, "org1", "removed", "1");
  story_expect_exact(story);
  story_destroy(story);
}

/* Also when it removes nothing: else the next sweep is guarded again. */
Test(removal_proof, another_principal_is_recorded_though_all_answer) {
  struct story *story = one_missing();
  story_put_as(story, 1, GONE,
               "{\"id\": \"emailacct_gone\", \"_type\": \"google\", \"organization_id\": \"orga_story1\"}", false);
  story_principal(story, 1, NULL, "user_other");
  const struct run *run = story_expect_exit(story, 0, "sync", "--json", "--allow-removals", NULL);
  story_expect_member(story, run, "org1", "outcome", "unchanged");
  story_expect_sql(story, "user_other", "select principal_id from organization");
  story_expect_exit(story, 0, "sync", NULL);
  const char *before = story_dump(story, STORY_BOOKKEEPING);
  story_expect_exit(story, 0, "sync", "--allow-removals", NULL);
  story_expect_sql(story, "2", "select count(*) from account");
  story_expect_same(story, before, story_dump(story, STORY_BOOKKEEPING));
  story_expect_history(story);
  story_spare(story, TRUTH_MIRROR, "what is hidden is mirrored, and not among what the simulator lists");
  story_destroy(story);
}

Test(removal_proof, an_empty_list_needs_me_alone) {
  struct story *story = one_missing();
  story_remove(story, 1, STAYS);
  story_replies(story, "[{\"match\": {\"path\": \"/me/\"}, \"status\": 500, \"body\": \"no\"}]");
  const struct run *run = story_expect_exit(story, 1, "sync", "--json", NULL);
  story_expect_member(story, run, "org1", "outcome", "incomplete");
  story_replies(story, "[]");
  run = story_expect_exit(story, 0, "sync", "--json", NULL);
  story_expect_member(story, run, "org1", "removed", "2");
  story_expect_sql(story, "0", "select count(*) from account");
  story_expect_exact(story);
  story_destroy(story);
}

/* The server ignores the filter by user: its list holds nobody's but another user's account, which is not the empty list. */
Test(removal_proof, a_list_of_strangers_is_not_empty) {
#define WANTED "{\"id\": \"emailacct_wanted\", \"organization_id\": \"orga_story1\", \"user_id\": \"user_wanted\"}"
#define OTHER  "{\"id\": \"emailacct_other\", \"organization_id\": \"orga_story1\", \"user_id\": \"user_other\"}"
#define IGNORING \
  "{\"match\": {\"path\": \"/connected_account/\"}, \"body_json\": {\"data\": [" OTHER "], \"has_more\": false}}"
  struct story *story = story_create(1);
  story_set(story, "organization org1", "user_id", "user_wanted");
  story_put(story, 1, WANTED);
  story_expect_exit(story, 0, "sync", NULL);
  const char *before = story_dump(story, STORY_BOOKKEEPING);
  story_accounts(story, 1, "[]");
  story_replies(story, "[" IGNORING "]");
  const struct run *run = story_expect_exit(story, 1, "sync", "--json", NULL);
  story_expect_member(story, run, "org1", "outcome", "incomplete");
  story_expect_stderr(story, run, "could not be read by its id");
  story_expect_same(story, before, story_dump(story, STORY_BOOKKEEPING));
  story_put(story, 1, OTHER);
  run = story_expect_exit(story, 0, "sync", "--json", NULL);
  story_expect_member(story, run, "org1", "removed", "1");
  story_expect_sql(story, "0", "select count(*) from account");
  story_expect_history(story);
  story_destroy(story);
}

Test(removal_proof, an_account_hidden_from_the_list_is_taken_by_its_id) {
  struct story *story = one_missing();
  story_put_as(story, 1, GONE,
               "{\"id\": \"emailacct_gone\", \"_type\": \"google\", \"organization_id\": \"orga_story1\"}", false);
  const struct run *run = story_expect_exit(story, 0, "sync", "--json", NULL);
  story_expect_member(story, run, "org1", "outcome", "unchanged");
  story_put_as(story, 1, GONE,
               "{\"id\": \"emailacct_gone\", \"_type\": \"google\", \"organization_id\": \"orga_story1\", "
               "\"send_status\": \"ok\"}",
               false);
  run = story_expect_exit(story, 0, "sync", "--json", NULL);
  story_expect_member(story, run, "org1", "changed", "1");
  story_expect_member(story, run, "org1", "removed", "0");
  story_expect_sql(story, "ok", "select send_status from account where account_id = 'emailacct_gone'");
  story_expect_history(story);
  story_spare(story, TRUTH_MIRROR, "what is hidden is mirrored, and not among what the simulator lists");
  story_destroy(story);
}

Test(removal_proof, an_entry_that_could_not_be_read_spoils_it) {
  struct story *story = one_missing();
  story_put_as(story, 1, "junk", "{\"id\": 7}", true);
  const struct run *run = story_expect_exit(story, 1, "sync", "--json", NULL);
  story_expect_member(story, run, "org1", "outcome", "incomplete");
  story_expect_member(story, run, "org1", "rejected", "1");
  story_expect_sql(story, "2", "select count(*) from account");
  story_remove(story, 1, "junk");
  expect_removal(story);
  story_destroy(story);
}

/* U+FFFD stands where Close said something else: it would be asked for another id, whose 404 proves nothing. So the account goes when
 * somebody says so, and no sooner. */
Test(removal_proof, an_id_that_was_mended_goes_when_removals_are_allowed) {
  static const char odd[] = "{\"id\": \"0\\ud800z\", \"organization_id\": \"orga_story1\"}";
  struct story *story = one_missing();
  story_put(story, 1, "{\"id\": \"emailacct_gone\", \"_type\": \"google\", \"organization_id\": \"orga_story1\"}");
  story_put_as(story, 1, "odd", odd, true);
  story_expect_exit(story, 0, "sync", NULL);
  story_expect_sql(story, "3", "select count(*) from account");
  story_remove(story, 1, GONE); /* another one is asked for as the control, although this one comes first */
  const struct run *run = story_expect_exit(story, 0, "sync", "--json", NULL);
  story_expect_member(story, run, "org1", "removed", "1");
  story_put_as(story, 1, "odd", odd, false);
  run = story_expect_exit(story, 1, "sync", "--json", NULL);
  story_expect_member(story, run, "org1", "outcome", "incomplete");
  story_expect_member(story, run, "org1", "removed", "0");
  story_expect_stderr(story, run, "whose id was no text");
  story_expect_stderr(story, run, "`closesyncd sync --allow-removals org1`");
  story_expect_sql(story, "2", "select count(*) from account");
  run = story_expect_exit(story, 0, "sync", "--json", "--allow-removals", NULL);
  story_expect_member(story, run, "org1", "outcome", "changed");
  story_expect_member(story, run, "org1", "removed", "1");
  story_expect_stderr(story, run, "removed without proof");
  story_expect_sql(story, "1", "select count(*) from account");
  run = story_expect_exit(story, 0, "sync", "--json", NULL);
  story_expect_member(story, run, "org1", "outcome", "unchanged");
  story_expect_sql(story, "0", "select consecutive_failures from organization");
  story_spare(story, TRUTH_TIMES, "the simulator does not know the id that was mended");
  story_destroy(story);
}

/* One question that gets no answer in all its time is enough: the rest of the listing is worth more than the others. */
Test(removal_proof, silence_ends_the_asking) {
  struct story *story = story_create_generated(1, 20, 3);
  story_set(story, "api", "request_timeout", "1s");
  story_set(story, "api", "max_requests", "4"); /* one question at a time */
  story_set(story, "sync", "deadline", "30s");
  story_expect_exit(story, 0, "sync", NULL);
  story_accounts(story, 1,
                 story_sql(story,
                           "select json_agg(document || '{\"email\": \"new@example.com\"}') from (select document from "
                           "account_history order by seq limit 17) as kept"));
  story_replies(
      story, story_sql(story, "select json_agg(json_build_object('delay_ms', 60000, 'match', json_build_object('path', "
                              "'/connected_account/' || account_id || '/'))) from (select account_id from "
                              "account_history order by seq offset 17) as gone"));
  const struct run *run = story_expect_exit(story, 1, "sync", "--json", NULL);
  story_expect_member(story, run, "org1", "outcome", "incomplete");
  story_expect_member(story, run, "org1", "changed", "17");
  story_expect_member(story, run, "org1", "requests", "6"); /* the list, /me/, the control, three tries of one */
  story_destroy(story);
}
