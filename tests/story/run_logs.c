/* What a running daemon writes to its log: one line per event, a failure that goes on is said once and then counted, and never a secret or an
 * address. */
#include "support/running.h"
#include "support/truth.h"

#include <criterion/criterion.h>
#include <json-c/json.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

Test(run_logs, says_once_counts_and_keeps_secrets) {
  struct story *story = story_create_generated(3, 5, 3);
  const struct run *run = running_start(story, "100ms");
  running_await_requests(story, 3, 4, 10000);
  story_replies(
      story, "[{\"match\": {\"key\": \"api_story_1\"}, \"status\": 500, \"body\": \"api_story_1 ada@example.com\"}]");
  for (int i = 0; i < 4; i++) {
    story_change(story, 60, (unsigned long long)(20 + i));
    running_sleep(400);
  }
  story_replies(story, "[]");
  running_await(story, run, "sweeps are well again", 1, 20000);
  running_stop(story, run);
  cr_assert_eq(running_lines(story, run, "HTTP 500 organization=org1"), 1);
  cr_assert_geq(running_lines(story, run, "sweep changed organization=org2"), 3);
  cr_assert_null(strchr(running_said(story, run), '@'), "an address was told");
  cr_assert_null(strstr(running_said(story, run), "api_"), "a key was told");
  cr_assert_null(strstr(running_said(story, run), "sweep unchanged"), "what did not happen was told");
  story_expect_exact(story);
  story_destroy(story);
}

/* The heads of the evidence, on stop: what `verify --since` takes. */
Test(run_logs, tells_the_heads_on_stop) {
  struct story *story = story_create_generated(2, 3, 3);
  const struct run *run = running_start(story, "100ms");
  story_await_sql(story, "6", "select count(*) from account", 10000);
  running_stop(story, run);
  for (int i = 1; i <= 2; i++) {
    const char *hash = story_sql(story, story_format(story,
                                                     "select encode(hash, 'hex') from account_history where "
                                                     "organization_id = 'orga_story%d' order by seq desc limit 1",
                                                     i));
    const char *head =
        story_format(story, "head organization=org%d organization_id=orga_story%d seq=3 hash=%s", i, i, hash);
    cr_assert_eq(running_lines(story, run, head), 1, "no \"%s\" in:\n%s", head, run->err);
  }
  const char *log = story_format(story, "%s/run1.err", story_directory(story));
  story_expect_exit(story, 0, "verify", "--since", log, NULL);
  story_sql(story, "alter table account_history disable trigger user");
  story_sql(story, "delete from account_history where organization_id = 'orga_story1' and seq = 3");
  story_expect_exit(story, 1, "verify", "--since", log, NULL);
  story_spare(story, TRUTH_ALL, "a row is cut off");
  story_destroy(story);
}

/* An object a line, and what a collector filters by is a field of it. */
Test(run_logs, as_json_when_asked) {
  struct story *story = story_create_generated(2, 5, 3);
  int failed = 0, changed = 0;
  story_set(story, "log", "format", "json");
  story_replies(story, "[{\"match\": {\"key\": \"api_story_2\"}, \"status\": 401}]");
  const struct run *run = story_start(story, "run", NULL);
  story_await_sql(story, "5", "select count(*) from account", 10000);
  running_await(story, run, "\"message_id\": \"5786cc2ae8ce4c66b41970222594b8d2\"", 1, 10000);
  running_stop(story, run);
  char *said = strdup(running_said(story, run)), *rest = said;
  for (char *line; (line = strsep(&rest, "\n")) != NULL && *line != '\0';) {
    struct json_object *object = json_tokener_parse(line), *member;
    cr_assert(json_object_is_type(object, json_type_object), "%s", line);
    cr_assert(json_object_object_get_ex(object, "time", NULL) && json_object_object_get_ex(object, "level", NULL) &&
                  json_object_object_get_ex(object, "message", NULL),
              "%s", line);
    const char *outcome = json_object_object_get_ex(object, "outcome", &member) ? json_object_get_string(member) : "";
    const char *name = json_object_object_get_ex(object, "organization", &member) ? json_object_get_string(member) : "";
    failed += strcmp(outcome, "failed") == 0 && strcmp(name, "org2") == 0;
    if (json_object_object_get_ex(object, "accounts", &member) && json_object_is_type(member, json_type_int))
      changed += json_object_get_int(member) == 5 && strcmp(name, "org1") == 0;
    json_object_put(object);
  }
  free(said);
  cr_assert(failed == 1 && changed == 1, "%s", running_said(story, run));
  story_destroy(story);
}
