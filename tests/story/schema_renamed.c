/* `alter schema … rename` under the configuration: `check` sees it and says what to do, nothing begins anew by itself, and what looked in
 * the old schema looks in the new one after `migrate`. */
#include "support/story.h"

#include <criterion/criterion.h>
#include <string.h>

static void expect_told(struct story *story, const char *part) {
  const struct run *run = story_expect_exit(story, 78, "check", NULL);
  cr_assert(strstr(run->out, part) != NULL, "%s\nin\n%s", part, run->out);
}

Test(schema_renamed, is_seen_under_its_old_name) {
  struct story *story = story_create_generated(1, 3, 1);
  story_expect_exit(story, 0, "sync", NULL);
  story_sql(story, "alter schema close_crm rename to \"My Mirror\"");
  expect_told(story, "\"close_crm\" is not there, but \"My Mirror\" bore this name: set database.schema = My Mirror");
  story_expect_stderr(story, story_expect_exit(story, 78, "sync", NULL), "set database.schema = My Mirror");
  story_expect_sql(story, "0", "select count(*) from pg_namespace where nspname = 'close_crm'");
  story_sql(story, "alter schema \"My Mirror\" rename to close_crm");
  story_expect_exit(story, 0, "check", NULL);
  story_expect_exit(story, 0, "sync", NULL);
  story_expect_exact(story);
  story_destroy(story);
}

Test(schema_renamed, works_under_its_new_name) {
  struct story *story = story_create_generated(1, 3, 1);
  story_expect_exit(story, 0, "sync", NULL);
  story_sql(story, "alter schema close_crm rename to \"My Mirror\"");
  story_set(story, "database", "schema", "My Mirror");
  expect_told(story, "\"My Mirror\" was renamed, its functions still look in \"close_crm\": run `closesyncd migrate`");
  const struct run *run = story_expect_exit(story, 0, "migrate", NULL);
  cr_assert_str_eq(run->out, "applied functions and views\n");
  story_expect_exit(story, 0, "check", NULL);
  story_change(story, 100, 4);
  story_expect_exit(story, 0, "sync", NULL);
  story_expect_exit(story, 0, "verify", NULL);
  story_sql(story, "alter schema \"My Mirror\" rename to close_crm");
  story_set(story, "database", "schema", "close_crm");
  story_expect_exit(story, 0, "sync", "--verify", NULL); /* the owner's sync does what migrate does */
  story_expect_exact(story);
  story_destroy(story);
}

/* Whoever wants to begin anew says so. */
Test(schema_renamed, may_be_left_alone) {
  struct story *story = story_create_generated(1, 3, 1);
  story_expect_exit(story, 0, "sync", NULL);
  story_sql(story, "alter schema close_crm rename to before");
  story_expect_exit(story, 0, "migrate", NULL);
  story_expect_exit(story, 0, "sync", NULL);
  story_expect_exact(story);
  story_expect_sql(story, "3", "select count(*) from before.account_history");
  story_destroy(story);
}
