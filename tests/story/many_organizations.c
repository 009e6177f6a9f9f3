/* Many organizations in one sweep stay apart, even where they share an account's id; each table's key begins with organization_id. */
#include "support/inner.h"
#include "support/running.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MANY = 50, THOUSAND = 1100 };

Test(many_organizations, are_mirrored_at_once) {
  struct story *story = story_create_generated(MANY, 5, 77);
  story_expect_exit(story, 0, "sync", "--json", NULL);
  story_expect_sql(story, "50 250 250",
                   "select concat_ws(' ', count(distinct organization_id), count(*), (select count(*) from "
                   "account_history)) from account");
  story_change(story, 30, 5);
  story_expect_exit(story, 0, "sync", "--json", NULL);
  story_expect_exact(story);
  story_expect_sql(story, "t", "select bool_and(revision between 1 and 2) from organization");
  const char *before = story_dump(story, STORY_BOOKKEEPING);
  story_expect_exit(story, 0, "sync", NULL);
  story_expect_same(story, before, story_dump(story, STORY_BOOKKEEPING));
  story_destroy(story);
}

/* The same account in each of them, children included, but for what it says of itself. */
static void put_shared(struct story *story, int organization, const char *status, const char *children) {
  story_put(story, organization,
            story_format(story,
                         "{\"id\": \"emailacct_shared\", \"organization_id\": \"orga_story%d\", \"_type\": \"google\", "
                         "\"send_status\": \"%s\"%s}",
                         organization, status, children));
}

static const char CHILDREN[] =
    ", \"identities\": [{\"email\": \"shared@example.com\", \"name\": \"\"}], \"enabled_features\": "
    "[\"email_sending\"],"
    " \"smtp\": {\"host\": \"smtp.example.com\"}, \"synced_calendars\": [\"shared\"], \"unknown\": 1";

Test(many_organizations, may_share_the_id_of_an_account) {
  struct story *story = story_create(2);
  for (int i = 1; i <= 2; i++) {
    put_shared(story, i, "ok", CHILDREN);
    story_put(story, i, story_format(story, "{\"id\": \"emailacct_%d\"}", i));
  }
  story_expect_exit(story, 0, "sync", NULL);
  story_expect_exact(story);
  put_shared(story, 2, "error", "");
  story_expect_exit(story, 0, "sync", NULL);
  story_expect_exact(story);
  story_expect_sql(
      story, "ok,error",
      "select string_agg(send_status, ',' order by organization_id) from account where send_status is not null");
  put_shared(story, 2, "error", CHILDREN);
  story_remove(story, 1, "emailacct_shared");
  story_expect_exit(story, 0, "sync", NULL);
  story_expect_exact(story);
  story_expect_sql(story, "shared@example.com", "select string_agg(email, ',') from account_identity");
  story_sql(story, "delete from account_mail_server; update account set email = 'planted'");
  story_expect_exit(story, 0, "sync", "--verify", NULL);
  story_expect_exact(story);
  cr_assert_eq(story_count(story, "select count(*) from account_history"), 7);
  story_destroy(story);
}

Test(many_organizations, have_their_id_first_in_every_key) {
  struct story *story = story_create(1);
  story_expect_exit(story, 0, "migrate", NULL);
  story_expect_sql(story, "fleet_daemon,fleet_slot,migration",
                   "select string_agg(relname, ',' order by relname) from pg_class join pg_index on indrelid = "
                   "pg_class.oid and indisprimary"
                   " join pg_attribute on attrelid = pg_class.oid and attnum = indkey[0]"
                   " where relnamespace = 'close_crm'::regnamespace and attname <> 'organization_id'");
  cr_assert_eq(
      story_count(story,
                  "select count(*) from pg_class where relnamespace = 'close_crm'::regnamespace and relkind = 'r'"
                  " and not exists (select from pg_index where indrelid = pg_class.oid and indisprimary)"),
      0);
  story_destroy(story);
}

/* Organizations whose key Close does not know. */
static const char *configure_thousand(struct story *story) {
  const char *path = story_format(story, "%s/closesyncd.conf.d/more.conf", story_directory(story));
  const char *key = story_format(story, "%s/more.key", story_directory(story));
  story_write(story, key, "api_nobody\n");
  FILE *config = fopen(path, "we");
  cr_assert_not_null(config);
  for (int i = 1; i <= THOUSAND; i++)
    fprintf(config, "[organization more%d]\napi_key_file = %s\n", i, key);
  fclose(config);
  return path;
}

/* In PostgreSQL's log: how many statements have both among their parameters. */
static int statements_with(struct story *story, const char *one, const char *other) {
  char *log = file_content(story_format(story, "%s/log", own_cluster(story)));
  int count = 0;
  for (char *line = log, *end; line != NULL && *line != '\0'; line = end == NULL ? NULL : end + 1) {
    if ((end = strchr(line, '\n')) != NULL)
      *end = '\0';
    count += strstr(line, "parameters: ") != NULL && strstr(line, one) != NULL && strstr(line, other) != NULL ? 1 : 0;
  }
  free(log);
  return count;
}

/* What the database knows of them at a start is asked for some at a time: what a sweep has to write, or a stop, waits for no long statement. */
Test(many_organizations, are_read_some_at_a_time) {
  struct story *story = own_cluster_story(1, 1);
  const char *config = configure_thousand(story);
  own_cluster_set(own_cluster(story), "log_min_duration_statement = 0");
  own_cluster_control(own_cluster(story), "reload");
  const struct run *run = story_start(story, "run", NULL);
  for (int looks = 0; looks < 400 && statements_with(story, ",more1099,", "more1100}") == 0; looks++)
    running_sleep(50);
  cr_assert_gt(statements_with(story, ",more1099,", "more1100}"), 0, "the last ones were never asked for");
  cr_assert_eq(statements_with(story, ",more1,", "more1100}"), 0, "all were asked for at once");
  story_signal(story, run, SIGKILL);
  story_wait(story, run, 5000);
  unlink(config);
  story_destroy(story);
}
