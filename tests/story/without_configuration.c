/* Without a configuration file, CLOSE_API_KEY makes one organization `default`, in the database that libpq's own variables name.
 * Close itself is never asked here: there is no other base_url then, so what is tried needs no request. */
#include "support/process.h"
#include "support/story.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char KEY[] = "CLOSE_API_KEY=api_story_1";

static struct process bare;
static char *out, *err;

/* Runs the binary without -c, in the story's database unless host is given. */
static int run_bare(struct story *story, const char *key, const char *host, const char *command) {
  const char *conninfo = story_conninfo(story);
  char real_host[108], database[64];
  cr_assert_eq(sscanf(conninfo, "host=%107s dbname=%63s", real_host, database), 2);
  const char *const argv[] = {getenv("CLOSESYNCD_BINARY"), command, strcmp(command, "status") == 0 ? "--json" : NULL,
                              NULL};
  const char *const environment[] = {story_format(story, "PGHOST=%s", host == NULL ? real_host : host),
                                     story_format(story, "PGDATABASE=%s", database), "PGUSER=postgres", key, NULL};
  cr_assert(process_start(&bare, story_directory(story), "bare", argv, environment));
  cr_assert(process_wait(&bare, 30000));
  free(out);
  free(err);
  out = file_content(bare.out_path);
  err = file_content(bare.err_path);
  int status = bare.status;
  process_finish(&bare);
  return status;
}

static struct story *story_or_skip(void) {
  if (getenv("CLOSESYNCD_BINARY") == NULL || access("/etc/closesyncd/closesyncd.conf", F_OK) == 0)
    cr_skip_test("closesyncd is configured on this machine, or its path is not known");
  return story_create_generated(1, 3, 1);
}

Test(without_configuration, the_environment_is_enough) {
  struct story *story = story_or_skip();
  cr_assert_eq(run_bare(story, KEY, NULL, "migrate"), 0, "%s", err);
  cr_assert_eq(run_bare(story, KEY, NULL, "status"), 0, "%s", err);
  cr_assert_not_null(strstr(out, "{\"organization\": \"default\""), "%s", out);
  cr_assert_not_null(strstr(out, "never reached"), "%s", out);
  /* Mirrored under that name with a configuration, it is seen without one. */
  story_set(story, "organization org1", "enabled", "no");
  story_set(story, "organization default", "api_key_file", story_format(story, "%s/org1.key", story_directory(story)));
  story_expect_exit(story, 0, "sync", NULL);
  cr_assert_eq(run_bare(story, KEY, NULL, "status"), 0, "%s", err);
  cr_assert_not_null(strstr(out, "\"accounts\": 3"), "%s", out);
  cr_assert_null(strstr(out, "api_story_1"));
  story_destroy(story);
}

Test(without_configuration, the_database_is_looked_for_first) {
  struct story *story = story_or_skip();
  cr_assert_eq(run_bare(story, KEY, story_directory(story), "sync"), 69, "%s", err);
  cr_assert_null(strstr(err, "api_story_1"));
  story_destroy(story);
}

Test(without_configuration, something_must_be_said) {
  struct story *story = story_or_skip();
  cr_assert_eq(run_bare(story, "CLOSE_API_KEY=", NULL, "sync"), 78);
  cr_assert_not_null(strstr(err, "CLOSE_API_KEY"), "%s", err);
  cr_assert_eq(run_bare(story, NULL, NULL, "status"), 78);
  /* A file that was named is no question of the environment. */
  story_environment(story, KEY);
  cr_assert_eq(remove(story_config_path(story)), 0);
  const struct run *run = story_expect_exit(story, 78, "sync", NULL);
  story_expect_stderr(story, run, "closesyncd.conf");
  story_destroy(story);
}
