/* Failure is local: whatever one organization's key, server or data does, the others are mirrored as if it were not there, and
 * soon. */
#include "support/story.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

/* What happens to organization N + 1; the last two are well. */
static const char *const troubles[] = {
    "\"status\": 401, \"body\": \"{}\"",
    "\"status\": 500",
    "\"bare\": true, \"status\": 429, \"headers\": {\"retry-after\": \"60\"}",
    "\"status\": 200, \"body\": \"<html>\"",
    "\"status\": 200, \"body\": \"\"",
    "\"cut_after\": 40",
    "\"reset\": true",
    "\"raw\": true, \"body\": \"no HTTP at all\\r\\n\\r\\n\"",
    "\"redirect\": \"http://127.0.0.1:1/\"",
    "\"status\": 200, \"body_repeat\": {\"before\": \"\", \"text\": \"[\", \"count\": 100000, \"after\": \"\"}",
};
enum { TROUBLES = sizeof troubles / sizeof *troubles, WELL = 2, ORGANIZATIONS = TROUBLES + WELL };

static const char *rules(struct story *story) {
  const char *text = "";
  for (int i = 0; i < TROUBLES; i++)
    text = story_format(story, "%s%s{\"match\": {\"key\": \"api_story_%d\"}, %s}", text, i > 0 ? ", " : "", i + 1,
                        troubles[i]);
  return story_format(story, "[%s]", text);
}

Test(failure_is_local, whatever_the_failure) {
  struct story *story = story_create_generated(ORGANIZATIONS, 4, 1);
  story_expect_exit(story, 0, "sync", NULL);
  story_change(story, 100, 5);
  story_replies(story, rules(story));
  const char *before = story_dump(story, STORY_BOOKKEEPING);
  const struct run *run = story_expect_exit(story, 1, "sync", "--json", NULL);
  for (int i = 1; i <= ORGANIZATIONS; i++) {
    const char *name = story_format(story, "org%d", i);
    story_expect_member(story, run, name, "outcome", i <= TROUBLES ? "failed" : "changed");
    story_expect_member(story, run, name, "changed", i <= TROUBLES ? "0" : "4");
    if (i > TROUBLES)
      story_expect_mirror(story, i);
  }
  story_expect_sql(story, story_format(story, "%d %d", TROUBLES, WELL),
                   "select count(last_error) || ' ' || count(*) filter (where last_error is null) from organization");
  cr_assert_str_neq(before, story_dump(story, STORY_BOOKKEEPING));
  story_replies(story, "[]");
  story_expect_exit(story, 0, "sync", NULL);
  story_expect_exact(story);
  story_destroy(story);
}

static int line_of(const struct run *run, const char *name) {
  const char *found = strstr(run->out, name);
  int line = 0;
  for (const char *at = run->out; found != NULL && at < found; at++)
    line += *at == '\n';
  return found == NULL ? -1 : line;
}

enum { SILENT = 8, QUICK = 2, SLOTS = SILENT / 2 };

/* The first ones never answer, and are twice as many as there may be requests; the others answer fifty pages each, one by one. */
Test(failure_is_local, silent_organizations_do_not_delay_the_others) {
  struct story *story = story_create_generated(SILENT + QUICK, 100, 1);
  story_set(story, "api", "max_requests", story_format(story, "%d", SLOTS));
  story_set(story, "api", "page_size", "2");
  story_set(story, "api", "request_timeout", "500ms");
  story_set(story, "sync", "deadline", "4s");
  const char *text = "";
  for (int i = 1; i <= SILENT + QUICK; i++)
    text = story_format(story, "%s%s{\"match\": {\"key\": \"api_story_%d\"}, \"delay_ms\": %d}", text,
                        i > 1 ? ", " : "", i, i <= SILENT ? 30000 : 20);
  story_replies(story, story_format(story, "[%s]", text));
  const struct run *run = story_expect_exit(story, 1, "sync", "--json", NULL);
  for (int i = 1; i <= SILENT + QUICK; i++) {
    bool early = line_of(run, story_format(story, "\"org%d\"", i)) < QUICK;
    if (early != (i > SILENT))
      story_fail(story, "org%d is not where it should be in:\n%s", i, run->out);
    if (i > SILENT)
      story_expect_mirror(story, i);
  }
  cr_assert_geq(line_of(run, "\"org1\""), QUICK);
  story_expect_history(story);
  story_destroy(story);
}
