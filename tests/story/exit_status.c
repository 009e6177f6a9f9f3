/* The exit status is the first that applies of 78, 69, 1, 3, 2, 64, 0; errors go to stderr, and say what to do. */
#include "support/story.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

static void break_database(struct story *story) {
  story_set(story, "database", "conninfo", story_format(story, "host=%s dbname=nowhere", story_directory(story)));
}

static void fail_first(struct story *story) {
  story_replies(story, "[{\"match\": {\"key\": \"api_story_1\"}, \"status\": 500}]");
}

/* org1 and org2, with six accounts each. */
static struct story *two_swept(void) {
  struct story *story = story_create_generated(2, 6, 8);
  story_expect_exit(story, 0, "sync", NULL);
  return story;
}

Test(exit_status, is_64_for_a_usage_that_cannot_be_meant) {
  struct story *story = story_create_generated(1, 2, 1);
  story_set(story, "api", "nonsense", "1"); /* judged later than the words */
  story_expect_stderr(story, story_expect_exit(story, 64, "sweep", NULL), "no command is called \"sweep\"");
  story_expect_stderr(story, story_expect_exit(story, 64, NULL), "no command");
  story_expect_stderr(story, story_expect_exit(story, 64, "sync", "--bogus", NULL), "--help");
  story_expect_stderr(story, story_expect_exit(story, 64, "status", "--verify", NULL), "--verify");
  story_expect_stderr(story, story_expect_exit(story, 64, "prune", "org1", NULL), "org1");
  story_expect_stderr(story, story_expect_exit(story, 64, "check", "org1", NULL), "org1");
  const struct run *run = story_expect_exit(story, 0, "--help", NULL);
  cr_assert_not_null(strstr(run->out, "usage: closesyncd"));
  run = story_expect_exit(story, 0, "-V", NULL);
  cr_assert_eq(strncmp(run->out, "closesyncd ", 11), 0);
  static const char *const told[] = {"revision ", "compiled by ",   "libuv 1.",    "libcurl ", "libpq 1",
                                     "json-c 0.", "libmicrohttpd ", "libcrypto 3", "zlib 1."};
  for (size_t i = 0; i < sizeof told / sizeof *told; i++)
    cr_expect(strstr(run->out, told[i]) != NULL, "%s: %s", told[i], run->out);
  run = story_expect_exit(story, 0, "migrate", "--help", NULL);
  cr_assert_not_null(strstr(run->out, "migrate [--dry-run] [--roles [PREFIX]]\n"));
  story_destroy(story);
}

Test(exit_status, is_64_for_an_unknown_name_and_nothing_is_swept) {
  struct story *story = two_swept();
  story_forget_requests(story);
  story_expect_stderr(story, story_expect_exit(story, 64, "sync", "org1", "nobody", NULL), "\"nobody\"");
  story_set(story, "organization org2", "enabled", "no");
  story_expect_stderr(story, story_expect_exit(story, 64, "sync", "org2", NULL), "\"org2\" is disabled");
  cr_assert_eq(story_request_count(story, ""), 0);
  story_destroy(story);
}

Test(exit_status, is_78_for_the_configuration_whatever_else_is_wrong) {
  struct story *story = two_swept();
  break_database(story);
  fail_first(story);
  story_set(story, "sync", "interval", "soon");
  story_set(story, "api", "nonsense", "1");
  const char *const commands[] = {"sync", "status", "migrate", "check", "plan"};
  for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
    const struct run *run = story_expect_exit(story, 78, commands[i], NULL);
    if (strcmp(commands[i], "check") == 0)
      continue; /* tells it on stdout, with everything else */
    story_expect_stderr(story, run, "interval");
    story_expect_stderr(story, run, "nonsense"); /* all of them, not just the first */
    cr_assert_str_empty(run->out);
  }
  story_expect_exit(story, 78, "sync", "nobody", NULL);
  story_destroy(story);
}

/* Not first when it connects, alone, after check has called the configuration fine. */
Test(exit_status, is_78_for_a_keyword_that_libpq_does_not_know) {
  struct story *story = two_swept();
  story_set(story, "database", "conninfo", story_format(story, "%s bogus=1", story_conninfo(story)));
  story_set(story, "sync", "interval", "soon");
  const struct run *run = story_expect_exit(story, 78, "sync", NULL);
  story_expect_stderr(story, run, "\"database.conninfo\" must be free of \"bogus\"");
  story_expect_stderr(story, run, "interval");
  story_set(story, "sync", "interval", "5m");
  story_expect_stderr(story, story_expect_exit(story, 78, "migrate", NULL), story_config_path(story));
  run = story_expect_exit(story, 78, "check", NULL);
  cr_assert(strstr(run->out, "must be free of \"bogus\"") != NULL, "%s", run->out);
  story_destroy(story);
}

Test(exit_status, is_69_when_the_database_is_away) {
  struct story *story = two_swept();
  break_database(story);
  fail_first(story);
  const char *const commands[] = {"sync", "status", "migrate", "check", "plan"};
  for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
    story_expect_exit(story, 69, commands[i], NULL);
  const struct run *run = story_expect_exit(story, 69, "sync", "--json", NULL);
  story_expect_stderr(story, run, "closesyncd: ");
  cr_assert_eq(story_request_count(story, "/me/"), 2 + 2, "two of the first sync, two of check");
  story_destroy(story);
}

Test(exit_status, is_1_before_3_and_3_before_0) {
  struct story *story = two_swept();
  story_accounts(story, 2, "[]");
  story_expect_exit(story, 3, "sync", NULL);
  story_expect_exit(story, 0, "sync", "org1", NULL);
  story_expect_exit(story, 3, "sync", "org2", NULL);
  fail_first(story);
  story_expect_exit(story, 1, "sync", NULL);
  story_expect_exit(story, 3, "sync", "org2", NULL);
  story_expect_exit(story, 1, "plan", NULL);
  story_replies(story, "[]");
  story_change(story, 100, 4);
  story_expect_exit(story, 3, "plan", NULL); /* the guard before the differences */
  story_expect_exit(story, 2, "plan", "org1", NULL);
  story_expect_exit(story, 0, "sync", "org1", NULL);
  story_expect_exit(story, 0, "plan", "org1", NULL);
  story_expect_mirror(story, 1);
  story_destroy(story);
}

/* The binary in a shell of its own, its streams redirected. */
static int run_redirected(struct story *story, const char *words, const char *redirections) {
  const char *script = story_format(story, "exec '%s' -c '%s' %s %s", getenv("CLOSESYNCD_BINARY"),
                                    story_config_path(story), words, redirections);
  int status = system(script);
  cr_assert(WIFEXITED(status), "%s: killed", script);
  return WEXITSTATUS(status);
}

/* Under systemd an error is one: journald reads the priority off the line. */
Test(exit_status, is_told_with_a_priority_in_the_journal) {
  struct story *story = story_create(1);
  const char *script = story_format(story,
                                    "exec 2>'%s/errors'; export JOURNAL_STREAM=$(stat -L -c %%d:%%i '%s/errors'); "
                                    "'%s' -c '%s' bogus; '%s' -c /nowhere status",
                                    story_directory(story), story_directory(story), getenv("CLOSESYNCD_BINARY"),
                                    story_config_path(story), getenv("CLOSESYNCD_BINARY"));
  cr_assert_eq(WEXITSTATUS(system(script)), 78);
  cr_expect_eq(
      system(story_format(story, "grep -q '^<3>closesyncd: no command is called' '%s/errors'", story_directory(story))),
      0);
  cr_expect_eq(
      system(story_format(story, "grep -q '^<3>/nowhere: there is no such file' '%s/errors'", story_directory(story))),
      0);
  story_destroy(story);
}

/* Sockets must not take the numbers of the standard streams: libuv aborts, and the database would be sent what is printed. */
Test(exit_status, is_the_same_with_closed_standard_streams) {
  struct story *story = two_swept();
  cr_assert_eq(run_redirected(story, "sync --json", "<&- >&- 2>&-"), 0);
  cr_assert_eq(run_redirected(story, "sync --json", ">&-"), 0);
  cr_assert_eq(run_redirected(story, "sync nobody", "2>&-"), 64);
  fail_first(story);
  cr_assert_eq(run_redirected(story, "sync --json", "<&- >&- 2>&-"), 1);
  story_destroy(story);
}

static void expect_unread(struct story *story, int expected, const char *words, const char *reader) {
  const char *errors = story_format(story, "%s/errors", story_directory(story));
  const char *status = story_format(story, "%s/status", story_directory(story));
  const char *script =
      story_format(story, "{ '%s' -c '%s' %s 2>'%s'; echo $? >'%s'; } | %s; exit $(cat '%s')",
                   getenv("CLOSESYNCD_BINARY"), story_config_path(story), words, errors, status, reader, status);
  cr_expect_eq(WEXITSTATUS(system(script)), expected, "%s", script);
  cr_expect_neq(system(story_format(story, "grep 'standard output' '%s'", errors)), 0, "%s", script);
  if (expected == 0)
    cr_expect_eq(system(story_format(story, "test ! -s '%s'", errors)), 0, "%s said something", script);
}

/* Whoever has seen enough has not made the work fail: the status is the work's own, and nothing is said. */
Test(exit_status, is_the_work_s_own_when_the_reader_has_gone) {
  struct story *story = two_swept();
  expect_unread(story, 0, "sync", "true");
  expect_unread(story, 0, "sync --json", "head -n 1 >/dev/null");
  expect_unread(story, 0, "plan", "true");
  expect_unread(story, 0, "plan --json", "true");
  expect_unread(story, 0, "verify", "head -n 1 >/dev/null");
  expect_unread(story, 0, "verify --json", "true");
  expect_unread(story, 0, "status", "true");
  expect_unread(story, 0, "check", "true");
  fail_first(story);
  expect_unread(story, 1, "sync --json", "true");
  expect_unread(story, 1, "plan", "head -n 1 >/dev/null");
  story_destroy(story);
}

Test(exit_status, is_not_0_when_the_result_is_lost) {
  struct story *story = two_swept();
  const char *errors = story_format(story, "%s/errors", story_directory(story));
  cr_assert_eq(run_redirected(story, "sync --json", story_format(story, ">/dev/full 2>'%s'", errors)), 1);
  cr_assert_eq(run_redirected(story, "status", ">/dev/full 2>/dev/null"), 1);
  cr_assert_eq(run_redirected(story, "--help", ">/dev/full 2>/dev/null"), 1);
  cr_assert_eq(run_redirected(story, "--version", ">/dev/full 2>/dev/null"), 1);
  cr_assert_eq(run_redirected(story, "help sync", ">/dev/full 2>/dev/null"), 1);
  cr_assert_eq(system(story_format(story, "grep -q 'could not write the result' '%s'", errors)), 0);
  story_destroy(story);
}
