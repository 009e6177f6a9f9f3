/* `history` tells what changed, a line per field, and follows; for a person and for a pipe. */
#include "support/running.h"

#include <criterion/criterion.h>
#include <json-c/json.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

static int lines(const char *text) {
  int count = 0;
  for (; *text != '\0'; text++)
    count += *text == '\n' ? 1 : 0;
  return count;
}

static void must_tell(struct story *story, const struct run *run, const char *part) {
  if (strstr(run->out, part) == NULL)
    story_fail(story, "\"%s\" is not told:\n%s", part, run->out);
}

static void tell(struct story *story) {
  story_put(story, 1,
            "{\"id\": \"emailacct_1\", \"_type\": \"google\", \"email\": \"a@example.com\", \"send_status\": \"ok\"}");
  story_put(story, 1, "{\"id\": \"emailacct_2\", \"_type\": \"zoom\", \"email\": \"b@example.com\"}");
  story_expect_exit(story, 0, "sync", NULL);
  story_edit(story, 1, "emailacct_1", "{\"send_status\": \"error\", \"latest_send_error\": \"\\u001b[31mno\"}");
  story_expect_exit(story, 0, "sync", NULL);
  story_remove(story, 1, "emailacct_2");
  story_expect_exit(story, 0, "sync", NULL);
}

Test(history_tells, each_change_to_a_person) {
  struct story *story = story_create(1);
  tell(story);
  const struct run *run = story_expect_exit(story, 0, "history", NULL);
  cr_assert_eq(lines(run->out), 5, "%s", run->out);
  must_tell(story, run, "by 20");
  must_tell(story, run, "a@example.com");
  must_tell(story, run, "+ added\n");
  must_tell(story, run, "~ send_status: \"ok\" → \"error\"\n");
  must_tell(story, run, "~ latest_send_error: ");
  must_tell(story, run, "- removed\n");
  cr_assert_null(strchr(run->out, '\033'), "nothing steers the terminal");
  cr_assert_gt(strstr(run->out, "- removed"), strstr(run->out, "~ send_status"), "newest last");
  story_destroy(story);
}

Test(history_tells, only_what_was_asked_for) {
  struct story *story = story_create(2);
  tell(story);
  cr_assert_eq(lines(story_expect_exit(story, 0, "history", "--limit", "1", NULL)->out), 1, "the last row");
  cr_assert_eq(lines(story_expect_exit(story, 0, "history", "--account", "emailacct_1", NULL)->out), 3);
  story_expect_stderr(story, story_expect_exit(story, 0, "history", "--account", "emailacct_l", NULL),
                      "no history of an account \"emailacct_l\"");
  cr_assert_eq(lines(story_expect_exit(story, 0, "history", "--since", "3", NULL)->out), 3, "from seq 3 on");
  cr_assert_eq(lines(story_expect_exit(story, 0, "history", "--since", "1", "--limit", "2", NULL)->out), 2,
               "the first two");
  cr_assert_eq(lines(story_expect_exit(story, 0, "history", "--since", "2020-01-01", NULL)->out), 5);
  cr_assert_eq(lines(story_expect_exit(story, 0, "history", "--since", "2999-01-01", NULL)->out), 0);
  cr_assert_eq(lines(story_expect_exit(story, 0, "history", "org2", NULL)->out), 0);
  cr_assert_eq(lines(story_expect_exit(story, 0, "history", "org1", "org2", NULL)->out), 5);
  story_expect_stderr(story, story_expect_exit(story, 64, "history", "nobody", NULL), "\"nobody\"");
  story_expect_stderr(story, story_expect_exit(story, 64, "history", "--limit", "ten", NULL), "\"ten\"");
  story_expect_stderr(story, story_expect_exit(story, 64, "history", "--since", "yesteryear", NULL), "\"yesteryear\"");
  cr_assert_eq(story_request_count(story, "history"), 0);
  story_destroy(story);
}

Test(history_tells, a_pipe_in_the_words_of_account_change) {
  struct story *story = story_create(1);
  tell(story);
  const struct run *run = story_expect_exit(story, 0, "history", "--json", "--since", "3", "--limit", "1", NULL);
  static const char *const members[] = {"organization_id", "seq",        "account_id",  "type",
                                        "email",           "change",     "field",       "old_value",
                                        "new_value",       "not_before", "observed_at", "changed_fields"};
  char first[4096];
  cr_assert(sscanf(run->out, "%4095[^\n]", first) == 1);
  struct json_object *line = json_tokener_parse(first), *value;
  cr_assert_not_null(line, "%s", first);
  cr_assert_eq((size_t)json_object_object_length(line), sizeof members / sizeof *members);
  for (size_t i = 0; i < sizeof members / sizeof *members; i++)
    cr_assert(json_object_object_get_ex(line, members[i], NULL), "no \"%s\"", members[i]);
  json_object_object_get_ex(line, "changed_fields", &value);
  cr_assert_eq(json_object_array_length(value), 2);
  json_object_object_get_ex(line, "observed_at", &value);
  cr_assert_str_eq(
      json_object_get_string(value),
      story_sql(story,
                "select to_char(observed_at, 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"') from account_history where seq = 3"));
  json_object_put(line);
  story_destroy(story);
}

/* A value that was erased or pruned is not known; only what Close did not say is absent. */
Test(history_tells, what_is_not_known_any_more) {
  struct story *story = story_create(1);
  tell(story);
  story_edit(story, 1, "emailacct_1", "{\"send_status\": null, \"user_id\": \"u\"}");
  story_put(story, 1, "{\"id\": \"emailacct_3\", \"user_id\": \"u\"}");
  story_expect_exit(story, 0, "sync", NULL);
  story_edit(story, 1, "emailacct_3", "{\"user_id\": \"v\"}");
  story_expect_exit(story, 0, "sync", NULL);
  story_remove(story, 1, "emailacct_3");
  story_expect_exit(story, 0, "sync", NULL);
  story_expect_exit(story, 0, "erase", "--account", "emailacct_3", NULL);
  const struct run *run = story_expect_exit(story, 0, "history", NULL);
  must_tell(story, run, "~ send_status: \"error\" → null\n");
  must_tell(story, run, "~ user_id: absent → \"u\"\n");
  must_tell(story, run, "~ user_id: erased → erased\n");
  story_set(story, "history", "retention", "1s");
  story_await_sql(story, "t", "select max(observed_at) < clock_timestamp() - interval '1.1 s' from account_history",
                  5000);
  story_expect_exit(story, 0, "prune", NULL);
  run = story_expect_exit(story, 0, "history", NULL);
  must_tell(story, run, "~ send_status: pruned → null\n");
  must_tell(story, run, "~ user_id: pruned → \"u\"\n");
  cr_assert_null(strstr(run->out, "absent"), "%s", run->out);
  story_destroy(story);
}

/* What comes while it stays is told once, also what comes while its session is gone. */
Test(history_tells, what_comes) {
  struct story *story = story_create(1);
  tell(story);
  const struct run *follow = story_start(story, "history", "--follow", "--json", NULL);
  story_await_sql(
      story, "1",
      "select count(*) from pg_stat_activity where application_name = 'closesyncd' and datname = current_database()",
      10000);
  for (int i = 0; i < 4; i++) {
    story_edit(story, 1, "emailacct_1", i % 2 == 0 ? "{\"send_status\": \"ok\"}" : "{\"send_status\": \"error\"}");
    if (i == 2)
      story_sql(story, "select count(pg_terminate_backend(pid)) from pg_stat_activity where datname = "
                       "current_database() and pid <> pg_backend_pid()");
    story_expect_exit(story, 0, "sync", NULL);
  }
  running_sleep(6000); /* a look is every 5 s */
  story_signal(story, follow, SIGTERM);
  story_wait(story, follow, 5000);
  cr_assert_eq(follow->exit_status, 0, "%s", follow->err);
  for (int seq = 1; seq <= 8; seq++) {
    int told = 0;
    for (const char *at = follow->out; (at = strstr(at, story_format(story, "\"seq\": %d,", seq))) != NULL; at++)
      told++;
    cr_assert_eq(told, seq == 3 ? 2 : 1, "seq %d was told %d times:\n%s", seq, told, follow->out);
  }
  story_destroy(story);
}

static void await_lines(struct story *story, const struct run *run, int count) {
  for (int i = 0; i < 1500 && lines(running_printed(story, run)) < count; i++)
    running_sleep(20);
}

/* --limit is for what is there: of no organization the rest comes while it stays, and nothing new is left out. */
Test(history_tells, what_comes_behind_a_limit) {
  struct story *story = story_create(2);
  for (int number = 1; number <= 2; number++)
    for (int i = 1; i <= 3; i++)
      story_put(story, number, story_format(story, "{\"id\": \"emailacct_%d_%d\"}", number, i));
  story_expect_exit(story, 0, "sync", NULL);
  const struct run *follow = story_start(story, "history", "--follow", "--json", "--since", "2", "--limit", "1", NULL);
  await_lines(story, follow, 1);
  for (int number = 1; number <= 2; number++)
    story_put(story, number, story_format(story, "{\"id\": \"emailacct_%d_new\"}", number));
  story_expect_exit(story, 0, "sync", NULL);
  await_lines(story, follow, 3);
  story_signal(story, follow, SIGTERM);
  story_wait(story, follow, 5000);
  cr_assert(lines(follow->out) == 3 && strstr(follow->out, "emailacct_1_new") != NULL &&
                strstr(follow->out, "emailacct_2_new") != NULL,
            "%s", follow->out);
  story_destroy(story);
}
