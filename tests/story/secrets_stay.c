/* Secrets stay where they are: in no output, table, process list or core dump, whatever the server echoes; nor does an address
 * reach the log. A key file that others can read is refused. */
#include "support/process.h"
#include "support/story.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

/* The key of organization 1, as the file, a header and a careless echo have it. */
static const char *const forms[] = {"api_story_1", "YXBpX3N0b3J5XzE6", "api%5Fstory"};

static void expect_clean(struct story *story, const char *where, const char *text) {
  for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
    if (strstr(text, forms[i]) != NULL)
      story_fail(story, "%s holds the key: %s", where, strstr(text, forms[i]));
}

static void expect_clean_run(struct story *story, const struct run *run) {
  expect_clean(story, "the output", run->out);
  expect_clean(story, "stderr", run->err);
  cr_assert_null(strchr(run->err, '@'), "the log holds an address: %s", strchr(run->err, '@'));
}

/* What the server says to everything; it knows the key, and is careless. */
static const char *const echoes[] = {
    "\"status\": 401, \"body\": \"{\\\"error\\\": \\\"api_story_1 is no key\\\"}\"",
    "\"status\": 500, \"body\": \"api_story_1\", \"headers\": {\"x-key\": \"api_story_1\"}",
    "\"status\": 302, \"headers\": {\"location\": \"http://api_story_1@127.0.0.1:1/api_story_1\"}",
    "\"status\": 200, \"body\": \"<html>api_story_1\"",
    "\"status\": 200, \"body_json\": {\"data\": [{\"id\": 1, \"api_key\": \"api_story_1\"}, {\"id\": \"x\", "
    "\"organization_id\": \"orga_story1\","
    " \"email\": \"a@example.com\", \"deep\": [{\"Old_Password_Hash\": \"api_story_1\"}]}], \"has_more\": false}",
};

Test(secrets_stay, out_of_outputs_logs_and_tables) {
  struct story *story = story_create_generated(1, 5, 1);
  expect_clean_run(story, story_expect_exit(story, 0, "-v", "sync", NULL));
  story_sql(story, "update account set email = 'planted@example.com'");
  expect_clean_run(story, story_expect_exit(story, 0, "-v", "sync", "--verify", NULL));
  for (size_t i = 0; i < sizeof echoes / sizeof *echoes; i++) {
    story_replies(story, story_format(story, "[{\"match\": {\"path_prefix\": \"/\"}, %s}]", echoes[i]));
    expect_clean_run(story, story_run(story, "-v", "sync", "--json", "--allow-removals", NULL));
    expect_clean_run(story, story_run(story, "-v", "plan", "--json", NULL));
    expect_clean_run(story, story_run(story, "-v", "check", NULL));
    expect_clean_run(story, story_run(story, "-v", "status", NULL));
  }
  expect_clean(story, "a table", story_dump(story, ""));
  story_expect_sql(
      story, "2",
      "select count(*) from (select document from account_history union all select document from rejected_account) d"
      " where document::text like '%[redacted]%'");
  story_destroy(story);
}

static char *process_file(struct story *story, const struct run *run, const char *name, size_t *ret_length) {
  char *content = file_content(story_format(story, "/proc/%d/%s", story_pid(story, run), name));
  *ret_length = strlen(content);
  return content;
}

Test(secrets_stay, out_of_the_process_list_and_core_dumps) {
  struct story *story = story_create_generated(1, 5, 1);
  size_t length;
  struct rlimit unlimited;
  cr_assert_eq(getrlimit(RLIMIT_CORE, &unlimited), 0);
  unlimited.rlim_cur = unlimited.rlim_max; /* as a machine would have it that keeps core dumps */
  cr_assert_eq(setrlimit(RLIMIT_CORE, &unlimited), 0);
  story_expect_exit(story, 0, "migrate", NULL);
  story_replies(story, "[{\"match\": {\"path\": \"/connected_account/\"}, \"delay_ms\": 20000}]");
  const struct run *run = story_start(story, "-v", "sync", NULL);
  story_await_sql(story, "1",
                  "select count(*) from pg_locks join pg_database on oid = database where locktype = 'advisory' and "
                  "datname = current_database()",
                  10000);
  char *limits = process_file(story, run, "limits", &length);
  const char *core = strstr(limits, "Max core file size");
  cr_assert_not_null(core);
  cr_assert_eq(strncmp(core + strlen("Max core file size"), "        0                    0 ", 18), 0, "%.80s", core);
  free(limits);
  char *words = process_file(story, run, "cmdline", &length);
  cr_assert_gt(length, 0);
  expect_clean(story, "the command line", words);
  free(words);
  char *environment = process_file(story, run, "environ", &length);
  expect_clean(story, "the environment", environment);
  free(environment);
  expect_clean(
      story, "the database's process list",
      story_sql(story, "select string_agg(concat_ws(' ', application_name, query), ' ') from pg_stat_activity"));
  story_signal(story, run, SIGTERM);
  story_wait(story, run, 10000);
  expect_clean_run(story, run);
  story_destroy(story);
}

Test(secrets_stay, in_files_that_others_cannot_read) {
  struct story *story = story_create(1);
  const char *path = story_format(story, "%s/org1.key", story_directory(story));
  static const mode_t refused[] = {0604, 0644, 0666};
  for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
    cr_assert_eq(chmod(path, refused[i]), 0);
    const struct run *run = story_expect_exit(story, 78, "sync", NULL);
    story_expect_stderr(story, run, "org1.key");
    expect_clean_run(story, run);
  }
  cr_assert_eq(chmod(path, 0640), 0);
  story_expect_exit(story, 0, "sync", NULL);
  story_destroy(story);
}

Test(secrets_stay, out_of_the_configuration) {
  struct story *story = story_create(1);
  story_set(story, "organization org1", "api_key", "api_story_1");
  expect_clean_run(story, story_expect_exit(story, 78, "sync", NULL));
  expect_clean_run(story, story_expect_exit(story, 78, "check", NULL));
  story_set(story, "database", "conninfo", "host=/nowhere password=api_story_1");
  const struct run *run = story_expect_exit(story, 78, "status", NULL);
  story_expect_stderr(story, run, "conninfo");
  expect_clean_run(story, run);
  story_destroy(story);
}
