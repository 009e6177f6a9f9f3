/* `status` tells what the database knows of each organization, never asks Close, and tells too of what was never reached. */
#include "support/running.h"

#include <criterion/criterion.h>
#include <json-c/json.h>
#include <string.h>

static void expect_line(struct story *story, const struct run *run, const char *name, const char *outcome,
                        const char *accounts, const char *failures) {
  static const char *const members[] = {"organization", "organization_id",      "last_swept_at", "outcome",
                                        "accounts",     "consecutive_failures", "error"};
  struct json_object *line = story_line(story, run, name);
  size_t count = sizeof members / sizeof *members;
  cr_assert_eq((size_t)json_object_object_length(line), count);
  for (size_t i = 0; i < count; i++)
    cr_assert(json_object_object_get_ex(line, members[i], NULL), "no \"%s\"", members[i]);
  json_object_put(line);
  story_expect_member(story, run, name, "outcome", outcome);
  story_expect_member(story, run, name, "accounts", accounts);
  story_expect_member(story, run, name, "consecutive_failures", failures);
}

Test(status_tells, of_a_database_without_schema) {
  struct story *story = story_create(2);
  const struct run *run = story_expect_exit(story, 0, "status", "--json", NULL);
  expect_line(story, run, "org1", "null", "0", "0");
  expect_line(story, run, "org2", "null", "0", "0");
  story_expect_member(story, run, "org1", "error", "never reached");
  run = story_expect_exit(story, 0, "status", NULL);
  cr_assert_not_null(strstr(run->out, "never reached"));
  story_expect_sql(story, "0", "select count(*) from pg_namespace where nspname = 'close_crm'");
  cr_assert_eq(story_request_count(story, ""), 0);
  story_destroy(story);
}

Test(status_tells, how_each_organization_stands) {
  struct story *story = story_create_generated(4, 6, 8);
  story_replies(story, "[{\"match\": {\"key\": \"api_story_4\"}, \"status\": 401}]");
  story_expect_exit(story, 1, "sync", NULL);
  story_replies(story, "[{\"match\": {\"key\": \"api_story_2\"}, \"status\": 500}, {\"match\": {\"key\": "
                       "\"api_story_4\"}, \"status\": 401}]");
  story_accounts(story, 3, "[]");
  story_expect_exit(story, 1, "sync", NULL);
  story_expect_exit(story, 1, "sync", NULL);
  story_forget_requests(story);
  const char *before = story_dump(story, "");
  const struct run *run = story_expect_exit(story, 0, "status", "--json", NULL);
  expect_line(story, run, "org1", "unchanged", "6", "0");
  expect_line(story, run, "org2", "failed", "6", "2");
  expect_line(story, run, "org3", "guarded", "6", "0");
  expect_line(story, run, "org4", "null", "0", "0");
  story_expect_member(story, run, "org1", "error", "null");
  story_expect_member(story, run, "org2", "error",
                      story_sql(story, "select last_error from organization where name = 'org2'"));
  story_expect_member(story, run, "org4", "error", "never reached");
  story_expect_member(
      story, run, "org1", "last_swept_at",
      story_sql(
          story,
          "select to_char(last_swept_at, 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"') from organization where name = 'org1'"));
  run = story_expect_exit(story, 0, "status", NULL);
  for (int i = 1; i <= 4; i++)
    cr_assert_not_null(strstr(run->out, story_format(story, "org%d ", i)));
  cr_assert_not_null(strstr(run->out, "2 failures in a row"));
  cr_assert_eq(story_request_count(story, ""), 0);
  story_expect_same(story, before, story_dump(story, ""));
  story_destroy(story);
}

/* NAMEs: configured, or in the database; anything else is the user's slip, also when the database is away. */
Test(status_tells, of_those_that_are_named) {
  struct story *story = story_create_generated(3, 2, 8);
  story_expect_exit(story, 0, "sync", "org1", "org2", NULL);
  const struct run *run = story_expect_exit(story, 0, "status", "--json", "org2", "org3", NULL);
  cr_assert(strstr(run->out, "\"org1\"") == NULL, "%s", run->out);
  expect_line(story, run, "org2", "changed", "2", "0");
  expect_line(story, run, "org3", "null", "0", "0");
  story_sql(story, "update organization set name = 'former' where name = 'org1'");
  run = story_expect_exit(story, 0, "status", "--json", "former", NULL);
  expect_line(story, run, "former", "changed", "2", "0");
  run = story_expect_exit(story, 64, "status", "org2", "ogr2", NULL);
  story_expect_stderr(story, run, "no organization \"ogr2\" is configured or in the database: the nearest is");
  run = story_expect_exit(story, 0, "status", "org3", NULL);
  cr_assert_not_null(strstr(run->out, "never reached: `closesyncd check` tells why"));
  story_set(story, "database", "conninfo", story_format(story, "host=%s dbname=nowhere", story_directory(story)));
  story_expect_exit(story, 69, "status", "org2", NULL);
  story_expect_exit(story, 64, "status", "former", NULL);
  story_expect_exit(story, 64, "verify", "nobody", NULL);
  story_destroy(story);
}

/* What the database cannot know, for a failure before an organization is bound is written nowhere, the daemon knows. */
Test(status_tells, why_one_was_never_reached) {
  struct story *story = story_create_generated(3, 2, 8);
  story_set(story, "http", "listen", story_format(story, "unix:%s/http", story_directory(story)));
  story_replies(story, "[{\"match\": {\"key\": \"api_story_2\"}, \"status\": 401}]");
  story_set(story, "organization org3", "enabled", "no");
  const struct run *daemon = running_start(story, "200ms");
  running_await(story, daemon, "Close refuses the key (HTTP 401)", 1, 20000);
  const struct run *run = story_expect_exit(story, 0, "status", "--json", "org2", NULL);
  expect_line(story, run, "org2", "null", "0", "1");
  cr_assert_not_null(strstr(run->out, "\"never reached: Close refuses the key (HTTP 401)"), "%s", run->out);
  run = story_expect_exit(story, 0, "status", NULL);
  cr_assert_not_null(strstr(run->out, "never reached: Close refuses the key (HTTP 401)"), "%s", run->out);
  cr_assert_not_null(strstr(run->out, "never reached (disabled in the configuration)"), "%s", run->out);
  running_stop(story, daemon);
  run = story_expect_exit(story, 0, "status", "org2", NULL);
  cr_assert_not_null(strstr(run->out, "never reached: `closesyncd check` tells why"), "%s", run->out);
  /* Whatever else listens there is no reason to fail. */
  story_set(story, "http", "listen", story_format(story, "127.0.0.1:%d", story_port(story)));
  run = story_expect_exit(story, 0, "status", "--json", "org2", NULL);
  story_expect_member(story, run, "org2", "error", "never reached");
  story_destroy(story);
}
