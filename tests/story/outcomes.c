/* Outcomes, failures and what is written of them: a row for every sweep that was not unchanged, one attempt more for an identical
 * one, failures counted until all is well, and error texts that hold no varying numbers. */
#include "support/story.h"
#include "support/truth.h"

#include <criterion/criterion.h>
#include <ctype.h>
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

static const char SWEEPS[] = "select string_agg(outcome || ' ' || attempts, ', ' order by sweep_id) from sweep";
static const char FAILURES[] = "select consecutive_failures || ' ' || (last_error is not null) from organization";

static struct story *swept(int accounts) {
  struct story *story = story_create_generated(1, accounts, 3);
  story_expect_exit(story, 0, "sync", NULL);
  return story;
}

static void sweep(struct story *story, int exit_status, const char *outcome, const char *failures) {
  const struct run *run = story_expect_exit(story, exit_status, "sync", "--json", NULL);
  story_expect_member(story, run, "org1", "outcome", outcome);
  story_expect_sql(story, failures, FAILURES);
  story_expect_sql(story, outcome, "select last_outcome from organization");
}

static void fail_list(struct story *story, int status) {
  story_replies(story,
                story_format(story, "[{\"match\": {\"path\": \"/connected_account/\"}, \"status\": %d}]", status));
}

Test(outcomes, repeat_themselves_as_attempts) {
  struct story *story = swept(6);
  fail_list(story, 500);
  sweep(story, 1, "failed", "1 true");
  sweep(story, 1, "failed", "2 true");
  fail_list(story, 401);
  sweep(story, 1, "failed", "3 true");
  story_expect_sql(story, "changed 1, failed 2, failed 1", SWEEPS);
  story_replies(story, "[]");
  sweep(story, 0, "unchanged", "0 false");
  sweep(story, 0, "unchanged", "0 false");
  fail_list(story, 401);
  sweep(story, 1, "failed", "1 true"); /* unchanged ones lie between */
  story_expect_sql(story, "changed 1, failed 2, failed 1, failed 1", SWEEPS);
  story_replies(story, "[]");
  story_change(story, 50, 9);
  sweep(story, 0, "changed", "0 false");
  story_expect_sql(story, "t", "select bool_and(finished_at >= started_at) from sweep");
  story_expect_exact(story);
  cr_assert_eq(story_count(story, "select count(*) from sweep"), 5);
  story_destroy(story);
}

Test(outcomes, of_incomplete_sweeps_count_as_failures_but_apply_what_is_certain) {
  struct story *story = swept(6);
  const char *id = story_sql(story, "select account_id from account order by 1 limit 1");
  story_remove(story, 1, id);
  story_replies(story,
                story_format(story, "[{\"match\": {\"path\": \"/connected_account/%s/\"}, \"status\": 403}]", id));
  sweep(story, 1, "incomplete", "1 true");
  sweep(story, 1, "incomplete", "2 true");
  story_put(story, 1, "{\"id\": \"emailacct_new\"}");
  sweep(story, 1, "incomplete", "3 true"); /* it wrote: no repetition */
  sweep(story, 1, "incomplete", "4 true");
  story_expect_sql(story, "changed 1, incomplete 2, incomplete 2", SWEEPS);
  story_replies(story, "[]");
  sweep(story, 0, "changed", "0 false");
  story_expect_exact(story);
  cr_assert_eq(story_count(story, "select count(*) from account"), 6);
  story_destroy(story);
}

Test(outcomes, of_guarded_sweeps_are_no_failures) {
  struct story *story = swept(6);
  fail_list(story, 500);
  sweep(story, 1, "failed", "1 true");
  story_replies(story, "[]");
  story_accounts(story, 1, "[{\"id\": 5}]"); /* rejected, and all are missing: the guard comes first */
  sweep(story, 3, "guarded", "0 false");
  sweep(story, 3, "guarded", "0 false");
  story_expect_sql(story, "t", "select error like '%sync.max_removed%' from sweep order by sweep_id desc limit 1");
  story_expect_history(story);
  cr_assert_eq(story_count(story, "select count(*) from sweep"), 3);
  story_spare(story, TRUTH_MIRROR, "an entry that cannot be read keeps removals from being proven");
  story_destroy(story);
}

Test(outcomes, with_rejected_entries_alone_are_no_failures) {
  struct story *story = swept(3);
  story_put_as(story, 1, "junk", "{\"id\": 5}", true);
  const struct run *run = story_expect_exit(story, 0, "sync", "--json", NULL);
  story_expect_member(story, run, "org1", "outcome", "unchanged");
  story_expect_member(story, run, "org1", "rejected", "1");
  story_put(story, 1, "{\"id\": \"emailacct_new\"}");
  run = story_expect_exit(story, 0, "sync", "--json", NULL);
  story_expect_member(story, run, "org1", "outcome", "changed");
  story_expect_member(story, run, "org1", "rejected", "1");
  story_expect_sql(story, "1 1", "select count(*) || ' ' || (select max(rejected) from sweep) from rejected_account");
  story_remove(story, 1, "junk");
  story_expect_exit(story, 0, "sync", NULL);
  story_expect_sql(story, "0", "select count(*) from rejected_account");
  story_expect_exact(story);
  story_destroy(story);
}

struct scene {
  const char *reply;
  const char *error; /* a part of it */
};

static const struct scene scenes[] = {
    {"\"status\": 401", "(HTTP 401)"},
    {"\"status\": 403", "(HTTP 403)"},
    {"\"status\": 402", "(HTTP 402)"},
    {"\"status\": 404", "check api.base_url"},
    {"\"status\": 400", "(HTTP 400)"},
    {"\"status\": 500", "HTTP 500"},
    {"\"status\": 503", "(HTTP 503)"},
    {"\"bare\": true, \"status\": 429, \"headers\": {\"retry-after\": \"31\"}", "(HTTP 429)"},
    {"\"redirect\": \"http://127.0.0.1:1/\"", "redirect"},
    {"\"delay_ms\": 5000", "request_timeout"},
    {"\"reset\": true", ""},
    {"\"cut_after\": 30", ""},
    {"\"status\": 200, \"body\": \"<html>\"", ""},
    {"\"status\": 200, \"body\": \"\"", ""},
    {"\"status\": 200, \"body\": \"{\\\"data\\\": []}\"", "has_more"},
    {"\"status\": 200, \"body\": \"{\\\"has_more\\\": false}\"", "data"},
};
enum { SCENES = sizeof scenes / sizeof *scenes };

static const char *error_of(struct story *story, const struct run *run, int number) {
  struct json_object *line = story_line(story, run, story_format(story, "org%d", number));
  const char *error = json_object_get_string(json_object_object_get(line, "error"));
  const char *copy = story_format(story, "%s", error == NULL ? "" : error);
  json_object_put(line);
  return copy;
}

/* Every failure at once, each of them in an organization of its own, twice. */
Test(outcomes, have_texts_that_do_not_vary) {
  struct story *story = story_create_generated(SCENES, 2, 3);
  story_expect_exit(story, 0, "sync", NULL);
  story_set(story, "api", "request_timeout", "400ms");
  const char *rules = "";
  for (int i = 0; i < SCENES; i++)
    rules = story_format(story, "%s%s{\"match\": {\"key\": \"api_story_%d\", \"path\": \"/connected_account/\"}, %s}",
                         rules, i > 0 ? ", " : "", i + 1, scenes[i].reply);
  story_replies(story, story_format(story, "[%s]", rules));
  const struct run *first = story_expect_exit(story, 1, "sync", "--json", NULL);
  const struct run *second = story_expect_exit(story, 1, "sync", "--json", NULL);
  for (int i = 1; i <= SCENES; i++) {
    const char *error = error_of(story, first, i);
    fprintf(stderr, "%s: %s\n", scenes[i - 1].reply, error);
    cr_assert_str_eq(error, error_of(story, second, i));
    cr_assert_str_not_empty(error);
    cr_assert(strncmp(error, "Close", 5) == 0 || !isupper((unsigned char)error[0]), "lower case");
    cr_assert_neq(error[strlen(error) - 1], '.');
    cr_assert_not_null(strstr(error, scenes[i - 1].error), "\"%s\" does not say \"%s\"", error, scenes[i - 1].error);
    story_expect_stderr(story, second, story_format(story, "closesyncd: org%d: %s", i, error));
  }
  story_expect_sql(story, story_format(story, "%d 2 2", SCENES),
                   "select concat_ws(' ', count(*), min(attempts), max(attempts)) from sweep where outcome = 'failed'");
  story_expect_sql(story, "t",
                   "select bool_and(last_error = error) from organization join sweep using (organization_id) where "
                   "outcome = 'failed'");
  story_destroy(story);
}
