/* What a person reads: columns and a summary everywhere; colour and progress on a terminal only, and there nothing that Close said
 * can steer it. */
#include "support/story.h"

#include <criterion/criterion.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *binary(void) {
  const char *path = getenv("CLOSESYNCD_BINARY");
  cr_assert_not_null(path, "CLOSESYNCD_BINARY names the binary");
  return path;
}

/* Runs it with a pseudo terminal (script is part of every Debian) as stdin, stdout and stderr; returns all that was shown. */
static const char *on_terminal(struct story *story, const char *environment, const char *command) {
  FILE *shown =
      popen(story_format(story, "script -qec \"env -u NO_COLOR TERM=xterm %s '%s' -c '%s' %s\" /dev/null </dev/null",
                         environment, binary(), story_config_path(story), command),
            "r");
  static char text[256 * 1024];
  size_t length = fread(text, 1, sizeof text - 1, shown);
  text[length] = '\0';
  pclose(shown);
  return story_format(story, "%s", text);
}

static void expect(struct story *story, const char *text, const char *part) {
  if (strstr(text, part) == NULL)
    story_fail(story, "\"%s\" is not in what was shown:\n%s", part, text);
}

static void expect_not(struct story *story, const char *text, const char *part) {
  if (strstr(text, part) != NULL)
    story_fail(story, "\"%s\" is in what was shown:\n%s", part, text);
}

static void expect_plain(struct story *story, const struct run *run) {
  expect_not(story, run->out, "\033");
  expect_not(story, run->err, "\033");
  expect_not(story, run->err, "\r");
}

Test(text_on_a_terminal, is_plain_where_there_is_none) {
  struct story *story = story_create_generated(2, 12, 1);
  story_set(story, "organization org2", "organization_id", "orga_other");
  expect_plain(story, story_expect_exit(story, 0, "status", NULL));
  expect_plain(story, story_expect_exit(story, 1, "plan", NULL));
  const struct run *sync = story_expect_exit(story, 1, "sync", NULL);
  expect_plain(story, sync);
  expect(story, sync->out, "org1  changed          12 accounts  +12 ~0 -0         ");
  expect(story, sync->out, "2 organizations: 1 failed, 1 changed; 12 accounts, +12 ~0 -0, ");
  expect(story, sync->err, "closesyncd: org2: ");
  expect_plain(story, story_expect_exit(story, 1, "check", NULL));
  story_destroy(story);
}

Test(text_on_a_terminal, has_no_summary_of_one) {
  struct story *story = story_create_generated(1, 3, 1);
  expect_not(story, story_expect_exit(story, 0, "sync", NULL)->out, "organizations");
  expect_not(story, story_expect_exit(story, 0, "check", NULL)->out, "organizations");
  story_destroy(story);
}

Test(text_on_a_terminal, has_colour_unless_one_refuses) {
  struct story *story = story_create_generated(1, 3, 1);
  const char *shown = on_terminal(story, "", "plan");
  expect(story, shown, "\033[32m+\033[0m");
  expect(story, on_terminal(story, "", "check"), "\033[32mok\033[0m");
  expect_not(story, on_terminal(story, "NO_COLOR=1", "plan"), "\033[");
  expect_not(story, on_terminal(story, "TERM=dumb", "plan"), "\033[");
  expect_not(story, on_terminal(story, "", "plan --json"), "\033[");
  story_destroy(story);
}

Test(text_on_a_terminal, shows_progress_and_takes_it_away) {
  struct story *story = story_create_generated(1, 6, 1);
  story_set(story, "api", "page_size", "2");
  story_replies(story, "[{\"match\": {\"path\": \"/connected_account/\"}, \"delay_ms\": 500}]");
  const char *shown = on_terminal(story, "", "sync");
  expect(story, shown, "\r0 of 1 organization, 2 pages, 4 accounts\033[K\r");
  const char *last = strstr(shown, "changed");
  cr_assert_not_null(last);
  expect_not(story, last, "pages");
  expect(story, shown, "\r\033[K\033[1morg1");
  expect_not(story, on_terminal(story, "TERM=dumb", "plan"), "pages");
  expect_plain(story, story_expect_exit(story, 0, "plan", NULL));
  story_destroy(story);
}

Test(text_on_a_terminal, cannot_be_steered_by_what_close_says) {
  struct story *story = story_create(1);
  story_put(story, 1,
            "{\"id\": \"emailacct_\\u001b[2J\", \"_type\": \"\\u009bzoom\", \"organization_id\": \"orga_story1\", "
            "\"email\": \"a\\u202eb@example.com\\r\\nfake line\"}");
  const char *first = story_expect_exit(story, 2, "plan", NULL)->out;
  expect(story, first, "+ ?zoom         a?b@example.com??fake line  emailacct_?[2J\n");
  story_expect_exit(story, 0, "sync", NULL);
  story_put(story, 1,
            "{\"id\": \"emailacct_\\u001b[2J\", \"_type\": \"zoom\", \"organization_id\": \"orga_story1\", "
            "\"latest_send_error\": \"\\u009b31m\"}");
  const char *second = story_expect_exit(story, 2, "plan", NULL)->out;
  expect(story, second, "latest_send_error  absent → \"?31m\"\n");
  expect(story, second, "→ absent\n");
  expect_not(story, second, "\033");
  story_destroy(story);
}

Test(text_on_a_terminal, of_status_says_how_long_ago) {
  struct story *story = story_create_generated(2, 3, 1);
  story_set(story, "organization never", "api_key_file", story_format(story, "%s/org1.key", story_directory(story)));
  story_expect_exit(story, 0, "sync", "org1", "org2", NULL);
  story_sql(story, "update organization set last_swept_at = now() - interval '3 minutes 5 seconds',"
                   " consecutive_failures = 2, last_outcome = 'failed', last_error = 'no' where name = 'org2'");
  const struct run *run = story_expect_exit(story, 0, "status", NULL);
  expect(story, run->out, "ORGANIZATION  OUTCOME     ACCOUNTS  LAST SWEPT ");
  expect(story, run->out, "org1          changed            3  20");
  expect(story, run->out, " UTC, 3 min ago");
  expect(story, run->out, "+3 ~0 -0, ");
  expect(story, run->out, "              2 failures in a row: no\n");
  expect(story, run->out, "never         never reached: `closesyncd check` tells why\n");
  expect(story, run->out, "3 organizations: 1 well, 2 not; 6 accounts\n");
  story_destroy(story);
}

Test(text_on_a_terminal, of_status_in_json_is_as_promised) {
  struct story *story = story_create_generated(2, 3, 1);
  story_expect_exit(story, 0, "sync", "org1", NULL);
  const struct run *run = story_expect_exit(story, 0, "status", "--json", NULL);
  struct json_object *line = story_line(story, run, "org1");
  const char *swept = json_object_get_string(json_object_object_get(line, "last_swept_at"));
  cr_assert_str_eq(swept, story_sql(story, "select to_char(last_swept_at at time zone 'UTC',"
                                           " 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"') from organization"));
  json_object_put(line);
  story_expect_member(story, run, "org1", "outcome", "changed");
  story_expect_member(story, run, "org1", "accounts", "3");
  story_expect_member(story, run, "org1", "consecutive_failures", "0");
  story_expect_member(story, run, "org1", "error", "null");
  story_expect_member(story, run, "org2", "organization_id", "null");
  story_expect_member(story, run, "org2", "error", "never reached");
  story_destroy(story);
}
