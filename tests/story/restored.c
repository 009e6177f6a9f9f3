/* A dump restored on another major version of PostgreSQL: nothing is lost, `verify` proves it, and the daemon goes on as if nothing had
 * happened. From the oldest version that is here to the one the tests run on; where there is one alone, from one cluster to another. */
#include "support/inner.h"
#include "support/running.h"
#include "support/story.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ACCOUNTS = 20 };

static const char VERSION[] = "CLOSESYNCD_TEST_POSTGRESQL";

static void shell(struct story *story, const char *command) {
  if (system(command) != 0)
    story_fail(story, "could not run \"%s\"", command);
}

/* The story's cluster is of the oldest version; the ones that are started after it are of the version that was asked for. */
static struct story *old_cluster_story(void) {
  char command[500], oldest[16] = "", *asked = getenv(VERSION) ? strdup(getenv(VERSION)) : NULL;
  snprintf(command, sizeof command, "'%s/tests/support/postgresql' oldest", story_source());
  FILE *output = popen(command, "r");
  cr_assert(output && fgets(oldest, sizeof oldest, output));
  pclose(output);
  oldest[strcspn(oldest, "\n")] = '\0';
  setenv(VERSION, oldest, 1);
  struct story *story = own_cluster_story(1, ACCOUNTS);
  if (asked)
    setenv(VERSION, asked, 1);
  else
    unsetenv(VERSION);
  free(asked);
  return story;
}

/* Additions, changes, a removal, a return, an unknown field, an entry that could not be taken. */
static void live(struct story *story) {
  story_put(story, 1, "{\"id\": \"emailacct_gone\", \"user_id\": 7, \"new_field\": [1, {\"a\": null}]}");
  story_expect_exit(story, 0, "sync", NULL);
  story_change(story, 60, 3);
  story_put_as(story, 1, "nameless", "{\"email\": \"no id\"}", true);
  story_expect_exit(story, 0, "sync", NULL);
  story_remove(story, 1, "nameless");
  story_remove(story, 1, "emailacct_gone");
  story_expect_exit(story, 0, "sync", NULL);
  story_put(story, 1, "{\"id\": \"emailacct_gone\", \"_type\": \"zoom\"}");
  story_expect_exit(story, 0, "sync", NULL);
  story_expect_exact(story);
}

Test(restored, on_another_version) {
  struct story *story = old_cluster_story();
  live(story);
  const char *before = story_dump(story, "");
  const char *from = story_sql(story, "show server_version");
  const char *directory = story_format(story, "%s-new", own_cluster(story));
  const char *support = story_format(story, "%s/tests/support", story_source());
  own_cluster_add(story, directory);
  /* The old server's own pg_dump: a newer major version's may be an older release, which does not know what it finds in the catalogs. */
  shell(story, story_format(story,
                            "set -e; bin=$('%s/postgresql' bin); $bin/createdb -h '%s' -U postgres -T template0 %s;"
                            " old=$(CLOSESYNCD_TEST_POSTGRESQL=$(cat '%s/data/PG_VERSION') '%s/postgresql' bin);"
                            " $old/pg_dump -h '%s' -U postgres -n close_crm %s >'%s/dump';"
                            " $bin/psql -XAtq -v ON_ERROR_STOP=1 -h '%s' -U postgres -d %s -f '%s/dump' >/dev/null",
                            support, directory, story->database, story->host, support, story->host, story->database,
                            story_directory(story), directory, story->database, story_directory(story)));
  own_cluster_move(story, directory);
  story_set(story, "database", "conninfo", story_conninfo(story));
  story_note(story, story_format(story, "from %s to %s", from, story_sql(story, "show server_version")));

  story_expect_same(story, before, story_dump(story, ""));
  story_expect_exit(story, 0, "verify", NULL);
  const struct run *run = story_expect_exit(story, 0, "sync", "--json", NULL);
  story_expect_member(story, run, "org1", "outcome", "unchanged");
  story_change(story, 30, 8);
  story_expect_exit(story, 0, "sync", NULL);
  story_expect_exact(story);
  story_expect_exit(story, 0, "verify", NULL);
  story_destroy(story);
}
