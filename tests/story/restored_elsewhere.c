/* A dump restored into another database under another schema name, by the very command of sql/README.md; and an older dump, of which
 * newer heads know that something is missing. */
#include "support/inner.h"
#include "support/story.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void shell(struct story *story, const char *command) {
  const char *line = story_format(
      story, "set -e; cd '%s'; export PGHOST='%s' PGUSER=postgres; PATH=$('%s/tests/support/postgresql' bin):$PATH; %s",
      story_directory(story), story->host, story_source(), command);
  if (system(line) != 0)
    story_fail(story, "could not run \"%s\"", command);
}

/* The story's database is lost; from here on the story is told in the other one. */
static void move(struct story *story, const char *database, const char *schema) {
  story_close_database(story);
  snprintf(story->database, sizeof story->database, "%s", database);
  story->connection =
      PQconnectdb(story_format(story, "%s options='-c search_path=%s -c TimeZone=UTC'", story_conninfo(story), schema));
  cr_assert_eq(PQstatus(story->connection), CONNECTION_OK);
  story_set(story, "database", "conninfo", story_conninfo(story));
  story_set(story, "database", "schema", schema);
}

static struct story *some_history(void) {
  struct story *story = story_create_generated(1, 10, 6);
  story_put(
      story, 1,
      "{\"id\": \"emailacct_gone\", \"email\": \"close_crm.account@example.com\", \"note\": \"COPY close_crm.x\"}");
  story_expect_exit(story, 0, "sync", NULL);
  story_change(story, 30, 8);
  story_remove(story, 1, "emailacct_gone");
  story_expect_exit(story, 0, "sync", NULL);
  return story;
}

Test(restored_elsewhere, under_another_schema_name) {
  struct story *story = some_history();
  const char *other = story_format(story, "%s_copy", story->database);
  const char *digest = "select md5(string_agg(h::text, ',' order by seq)) from account_history as h";
  const char *before = story_sql(story, digest);
  shell(story,
        story_format(
            story,
            "sed -n 's/^pg_dump -n close_crm close /pg_dump -n close_crm %s /; s/ copy$/ %s/; /^pg_dump .* sed /p' "
            "'%s/sql/README.md' >command; test $(wc -l <command) = 1;"
            " createdb -T template0 %s; sh -e ./command >said",
            story->database, other, story_source(), other));
  move(story, other, "close_copy");

  cr_expect_str_eq(story_sql(story, digest), before);
  story_expect_exit(story, 0, "verify", NULL);
  const struct run *run = story_expect_exit(story, 0, "sync", "--json", NULL);
  story_expect_member(story, run, "org1", "outcome", "unchanged");
  story_change(story, 30, 9);
  story_expect_exit(story, 0, "sync", "--verify", NULL);
  story_expect_exit(story, 0, "verify", NULL);
  story_expect_sql(story, "0", "select count(*) from pg_namespace where nspname = 'close_crm'");
  story_destroy(story);
}

Test(restored_elsewhere, from_an_older_dump) {
  struct story *story = some_history();
  const char *other = story_format(story, "%s_old", story->database);
  shell(story, story_format(story, "pg_dump -n close_crm %s >dump", story->database));
  story_put(story, 1, "{\"id\": \"emailacct_later\"}");
  story_expect_exit(story, 0, "sync", NULL);
  const struct run *run = story_expect_exit(story, 0, "verify", "--head", NULL);
  const char *heads = story_format(story, "%s/heads", story_directory(story));
  story_write(story, heads, run->out);
  shell(story,
        story_format(story, "createdb -T template0 %s; psql -XAtq1 -v ON_ERROR_STOP=1 -f dump %s >said", other, other));
  move(story, other, "close_crm");

  story_expect_exit(story, 0, "verify", NULL);
  run = story_expect_exit(story, 1, "verify", "--since", heads, NULL);
  story_expect_exit(story, 0, "sync", NULL); /* what Close still shows is found again, later */
  story_expect_exact(story);
  story_expect_exit(story, 0, "verify", NULL);
  story_expect_exit(story, 1, "verify", "--since", heads, NULL);
  run = story_expect_exit(story, 0, "verify", "--head", NULL);
  story_write(story, heads, run->out);
  story_expect_exit(story, 0, "verify", "--since", heads, NULL);
  story_destroy(story);
}
