/* Secrets stay where they are: in no output, table, process list or core dump, whatever the server echoes; nor does an address
 * reach the log. A key file that others can read is refused. */
#include "support/asking.h"
#include "support/process.h"
#include "support/running.h"
#include "support/tokens.h"

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

/* ---- tokens: organization 1 has OAuth, organization 2 an access token; every one of them has a part of these ---- */

static const char *const token_forms[] = {"at_orga_",       "rt_orga_",         "access_canary",
                                          "client_secret_", "client%5Fsecret_", "code_canary"};

static void expect_tokenless(struct story *story, const char *where, const char *text) {
  for (size_t i = 0; i < sizeof token_forms / sizeof *token_forms; i++)
    if (strstr(text, token_forms[i]) != NULL)
      story_fail(story, "%s holds \"%s\": %.300s", where, token_forms[i], strstr(text, token_forms[i]));
}

static void expect_tokenless_run(struct story *story, const struct run *run) {
  expect_tokenless(story, "the output", run->out);
  expect_tokenless(story, "stderr", run->err);
}

static const char *source(void) {
  const char *set = getenv("CLOSESYNCD_SOURCE");
  return set ? set : ".";
}

/* A shell's words; its output. */
static const char *shell(struct story *story, const char *words) {
  const char *path = story_format(story, "%s/shell", story_directory(story));
  cr_assert_eq(system(story_format(story, "{ %s; } >'%s' 2>&1", words, path)), 0, "%s", words);
  char *content = file_content(path);
  const char *copy = story_format(story, "%s", content);
  free(content);
  return copy;
}

static struct story *token_story(void) {
  struct story *story = story_create_generated(2, 3, 1);
  const char *paste = story_format(story, "%s/paste", story_directory(story));
  tokens_use_oauth(story, 1, 3600);
  tokens_set(story, 1, "{\"code\": \"code_canary\"}");
  tokens_use_file(story, 2, "access_canary");
  tokens_set(story, 2, "{\"access_token\": \"access_canary\"}");
  shell(story, story_format(story, "echo code_canary >'%s'", paste));
  story_environment(story, story_format(story, "STORY_STDIN=%s", paste));
  expect_tokenless_run(story, story_expect_exit(story, 0, "-v", "authorize", "org1", NULL));
  return story;
}

/* The token in the file as if it had to be renewed. */
static void make_due(struct story *story) {
  shell(story, story_format(story, "sed -i 's/\"expires_at\": *[0-9]*/\"expires_at\":1/' '%s'", tokens_path(story, 1)));
}

Test(secrets_stay, tokens_out_of_outputs_logs_tables_and_dumps) {
  static const char *const careless[] = {
      "\"status\": 400, \"body\": \"{\\\"error\\\": \\\"rt_orga_1 and client_secret_story1 are bad\\\"}\"",
      "\"status\": 500, \"body\": \"at_orga_x rt_orga_y access_canary\", \"headers\": {\"x-token\": \"rt_orga_1\"}",
      "\"status\": 302, \"headers\": {\"location\": \"http://at_orga_1@127.0.0.1:1/rt_orga_1?code=code_canary\"}",
      "\"status\": 200, \"body\": \"{\\\"access_token\\\": 1, \\\"refresh_token\\\": \\\"rt_orga_1\\\"}\"",
      "\"status\": 401, \"body\": \"{\\\"error\\\": \\\"Bearer access_canary at_orga_1\\\"}\"",
  };
  static const char *const commands[] = {"sync", "plan", "check", "status", "history", "verify"};
  struct story *story = token_story();
  for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
    expect_tokenless_run(story, story_run(story, "-v", commands[i], NULL));
  for (size_t i = 0; i < sizeof careless / sizeof *careless; i++) {
    make_due(story);
    story_replies(story, story_format(story, "[{\"match\": {\"path_prefix\": \"/\"}, %s}]", careless[i]));
    expect_tokenless_run(story, story_run(story, "-v", "sync", NULL));
    expect_tokenless_run(story, story_run(story, "-v", "check", "--json", NULL));
    expect_tokenless_run(story, story_run(story, "-v", "authorize", "org1", NULL));
  }
  story_replies(story, "[]");
  shell(story, story_format(story, "echo 'not a token: access_canary rt_orga_1' >'%s'", tokens_path(story, 1)));
  tokens_write_file(story, 2, "access_canary with a blank");
  expect_tokenless_run(story, story_run(story, "-v", "sync", NULL));
  expect_tokenless_run(story, story_run(story, "-v", "check", NULL));
  expect_tokenless(story, "a table", story_dump(story, ""));
  expect_tokenless(story, "a dump",
                   shell(story, story_format(story, "PATH=$('%s/tests/support/postgresql' bin):$PATH pg_dump '%s'",
                                             source(), story_conninfo(story))));
  story_destroy(story);
}

Test(secrets_stay, tokens_out_of_what_a_daemon_shows) {
  static const char *const pages[] = {"/metrics", "/status.json",       "/readyz",
                                      "/",        "/organization/org1", "/organization/org2"};
  struct story *story = token_story();
  size_t length;
  asking_listen(story);
  story_set(story, "http", "show_addresses", "yes");
  story_set(story, "sync", "interval", "200ms");
  make_due(story);
  const struct run *run = story_start(story, "-v", "run", NULL);
  running_await(story, run, "the OAuth token was renewed", 1, 20000);
  story_await_sql(story, "6", "select count(*) from account", 20000);
  for (int round = 0; round < 2; round++) {
    for (size_t i = 0; i < sizeof pages / sizeof *pages; i++) {
      char *page = asking(story, pages[i]);
      cr_assert_neq(*page, '\0');
      expect_tokenless(story, pages[i], page);
      free(page);
    }
    /* Refused from now on, with all that is secret in the refusal. */
    story_replies(story, "[{\"match\": {\"path_prefix\": \"/\"}, \"status\": 401, \"body\": "
                         "\"access_canary at_orga_1 rt_orga_1\"}]");
    story_signal(story, run, SIGHUP);
    running_await(story, run, "outcome=failed", 2, 20000);
  }
  static const char *const files[] = {"cmdline", "environ", "limits"};
  for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
    char *content = process_file(story, run, files[i], &length);
    expect_tokenless(story, files[i], content);
    cr_assert(i != 2 || strstr(content, "Max core file size        0                    0 ") != NULL, "%s", content);
    free(content);
  }
  running_stop(story, run);
  expect_tokenless_run(story, run);
  expect_tokenless(story, "a table", story_dump(story, ""));
  story_destroy(story);
}
