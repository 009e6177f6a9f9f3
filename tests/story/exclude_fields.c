/* sync.exclude_fields (contract 7): what is excluded is not asked for, not taken when it comes all the same, and another setting is no change
 * at Close: a row of its own, counted apart, whatever else happens meanwhile. */
#include "support/running.h"
#include "support/truth.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char ROWS[] =
    "select string_agg(version || ' ' || change || ' ' || array_to_string(changed_fields, ','), '; ' order by seq) "
    "from account_history where account_id = 'emailacct_1'";

static void exclude(struct story *story, const char *fields) { story_set(story, "sync", "exclude_fields", fields); }

static void put(struct story *story, int number, const char *status) {
  story_put(story, 1,
            story_format(story,
                         "{\"_type\": \"google\", \"id\": \"emailacct_%d\", \"organization_id\": \"orga_story1\", "
                         "\"user_id\": \"user_story1\", \"email\": \"private%d@example.com\", \"send_status\": \"%s\", "
                         "\"smtp\": {\"host\": \"private.example.com\"}, \"brand_new\": \"private\", "
                         "\"identities\": [{\"email\": \"private%d@example.com\", \"name\": \"Private\"}], "
                         "\"default_identity\": {\"email\": \"private%d@example.com\", \"name\": \"Private\"}}",
                         number, number, status, number, number));
}

static struct story *filled_story(int accounts) {
  struct story *story = story_create(1);
  for (int i = 1; i <= accounts; i++)
    put(story, i, "ok");
  story_expect_exit(story, 0, "sync", NULL);
  return story;
}

static void expect_sync(struct story *story, const char *outcome, int changed, int rescoped) {
  const struct run *run = story_expect_exit(story, 0, "sync", "--json", NULL);
  story_expect_member(story, run, "org1", "outcome", outcome);
  story_expect_member(story, run, "org1", "added", "0");
  story_expect_member(story, run, "org1", "changed", story_format(story, "%d", changed));
  story_expect_member(story, run, "org1", "removed", "0");
  story_expect_member(story, run, "org1", "repaired", "0");
  story_expect_member(story, run, "org1", "rescoped", story_format(story, "%d", rescoped));
  story_expect_exact(story);
}

static void expect_plan(struct story *story, const char *outcome, int changed, int rescoped) {
  const struct run *run = story_expect_exit(story, changed + rescoped > 0 ? 2 : 0, "plan", "--json", NULL);
  story_expect_member(story, run, "org1", "outcome", outcome);
  story_expect_member(story, run, "org1", "changed", story_format(story, "%d", changed));
  story_expect_member(story, run, "org1", "rescoped", story_format(story, "%d", rescoped));
}

Test(exclude_fields, set_changed_and_taken_back) {
  struct story *story = filled_story(2);
  const char *changed_at = story_sql(story, "select changed_at from account where account_id = 'emailacct_1'");
  cr_assert_eq(story_request_count(story, "_fields"), 0, "nothing is excluded, nothing is named");
  exclude(story, "email, smtp");
  expect_plan(story, "changed", 0, 2);
  expect_sync(story, "changed", 0, 2);
  expect_plan(story, "unchanged", 0, 0);
  expect_sync(story, "unchanged", 0, 0);
  story_expect_sql(story, "1 added ; 2 rescoped brand_new,email,smtp", ROWS);
  story_expect_sql(story, changed_at, "select changed_at from account where account_id = 'emailacct_1'");
  story_expect_sql(story, "{email,smtp}", "select excluded_fields from organization");
  story_expect_sql(
      story, "0 0 0 2 changed",
      "select concat_ws(' ', added, changed, removed, rescoped, outcome) from sweep order by sweep_id desc");
  cr_assert_eq(story_request_count(story, "&_fields=_type,id,organization_id,user_id,date_created,identities,"), 4);
  exclude(story, "email, identities, default_identity, zoom_account_plan");
  expect_sync(story, "changed", 0, 2);
  exclude(story, "");
  expect_plan(story, "changed", 0, 2);
  expect_sync(story, "changed", 0, 2);
  story_expect_sql(story,
                   "1 added ; 2 rescoped brand_new,email,smtp; 3 rescoped default_identity,identities,smtp; "
                   "4 rescoped brand_new,default_identity,email,identities",
                   ROWS);
  story_expect_exit(story, 0, "verify", NULL);
  story_destroy(story);
}

/* A setting that concerns nothing an account has is remembered, and writes no history. */
Test(exclude_fields, that_nobody_has) {
  struct story *story = filled_story(1);
  story_drop_member(story, 1, "emailacct_1", "brand_new");
  story_expect_exit(story, 0, "sync", NULL);
  exclude(story, "calendly");
  expect_sync(story, "unchanged", 0, 0);
  /* Nobody saw when it came: it is no change that somebody saw. */
  story_edit(story, 1, "emailacct_1", "{\"calendly\": {\"a\": 1}}");
  expect_sync(story, "unchanged", 0, 0);
  exclude(story, "");
  expect_sync(story, "changed", 0, 1);
  story_expect_sql(story, "1 added ; 2 changed brand_new; 3 rescoped calendly", ROWS);
  story_destroy(story);
}

Test(exclude_fields, while_close_changes_something_too) {
  struct story *story = filled_story(2);
  exclude(story, "smtp, lead_suggestions_updated_at");
  story_edit(story, 1, "emailacct_1",
             "{\"send_status\": \"error\", \"smtp\": null, \"lead_suggestions_updated_at\": \"2026-01-01\"}");
  expect_plan(story, "changed", 1, 2);
  const struct run *plan = story_expect_exit(story, 2, "plan", NULL);
  cr_assert(strstr(plan->out, "rescoped: sync.exclude_fields changed, not Close"), "%s", plan->out);
  cr_assert(strstr(plan->out, " → not asked for\n"), "%s", plan->out);
  expect_sync(story, "changed", 1, 2);
  story_expect_sql(story, "1 added ; 2 rescoped brand_new,smtp; 3 changed send_status", ROWS);
  story_expect_sql(
      story, "t", "select valid_from = valid_to from account_version where account_id = 'emailacct_1' and version = 2");
  story_expect_sql(story, "t",
                   "select changed_at = (select max(observed_at) from account_history) from account "
                   "where account_id = 'emailacct_1'");
  story_expect_sql(story, "1", "select sum(changed) from organization_day");
  story_expect_sql(story, "1", "select count(*) from account_outage where is_open");
  const struct run *history = story_expect_exit(story, 0, "history", "--account", "emailacct_1", NULL);
  cr_assert(strstr(history->out, "= rescoped smtp.host: \"private.example.com\" → not asked for"), "%s", history->out);
  history = story_expect_exit(story, 0, "history", "--json", NULL);
  cr_assert(strstr(history->out, "\"change\": \"rescoped\", \"field\": \"brand_new\""), "%s", history->out);
  story_expect_sql(story, "changed send_status, rescoped brand_new, rescoped smtp.host",
                   "select string_agg(change || ' ' || field, ', ' order by change, field) from account_difference("
                   "(select min(observed_at) from account_history), 'infinity') where account_id = 'emailacct_1'");
  exclude(story, "");
  expect_sync(story, "changed", 0, 2);
  story_expect_sql(story,
                   "1 added ; 2 rescoped brand_new,smtp; 3 changed send_status; "
                   "4 rescoped brand_new,lead_suggestions_updated_at,smtp",
                   ROWS);
  story_destroy(story);
}

/* Also of what is rejected, and of answers by id; and then of what was new at Close. */
Test(exclude_fields, what_comes_all_the_same_is_dropped) {
  struct story *story = story_create(1);
  story_scene(story, "{\"settings\": {\"ignore_fields\": true}, \"organizations\": [{\"key\": \"api_story_1\", "
                     "\"organization_id\": \"orga_story1\", \"user_id\": \"user_story1\"}]}");
  put(story, 1, "ok");
  put(story, 2, "ok");
  exclude(story, "email, smtp, identities, default_identity");
  story_expect_exit(story, 0, "sync", NULL);
  story_put_as(story, 1, "x", "{\"_type\": \"google\", \"email\": \"private@example.com\", \"send_status\": null}",
               true);
  story_edit(story, 1, "emailacct_1", "{\"email\": \"private_too@example.com\"}");
  const struct run *run = story_expect_exit(story, 0, "sync", "--json", NULL);
  story_expect_member(story, run, "org1", "outcome", "unchanged");
  story_expect_member(story, run, "org1", "rejected", "1");
  story_expect_sql(story, "{\"_type\": \"google\", \"send_status\": null}", "select document from rejected_account");
  story_remove(story, 1, "x");
  story_put_as(story, 1, "emailacct_2",
               "{\"_type\": \"google\", \"id\": \"emailacct_2\", \"organization_id\": \"orga_story1\", \"email\": "
               "\"private2@example.com\", \"send_status\": \"error\"}",
               false);
  story_expect_exit(story, 0, "sync", NULL);
  cr_assert_eq(story_request_count(story, "/emailacct_2/?_fields=_type,id,organization_id,user_id,date_created,"), 1);
  story_expect_sql(story, "error", "select send_status from account where account_id = 'emailacct_2'");
  cr_assert_null(strcasestr(story_dump(story, ""), "private"), "%s", story_dump(story, ""));
  story_spare(story, TRUTH_MIRROR, "an account that is answered by its id alone is in no list");
  story_destroy(story);
}

Test(exclude_fields, views_say_nothing_of_what_was_not_asked) {
  struct story *story = filled_story(1);
  exclude(story, "default_identity, smtp, available_calendars, synced_calendars");
  story_expect_exit(story, 0, "sync", NULL);
  story_expect_sql(story, "t",
                   "select is_default is null and smtp_host is null and smtp_use_ssl is null from account_sender");
  story_expect_sql(story, "t",
                   "select identities = 1 and calendars is null and calendars_synced is null from account_overview");
  exclude(story, "identities, email");
  story_expect_exit(story, 0, "sync", NULL);
  story_expect_sql(story, "t", "select identities is null and email is null and calendars = 0 from account_overview");
  story_destroy(story);
}

Test(exclude_fields, an_account_that_went_and_came_back_is_new) {
  struct story *story = filled_story(2);
  exclude(story, "email");
  story_expect_exit(story, 0, "sync", NULL);
  story_remove(story, 1, "emailacct_1");
  exclude(story, "smtp");
  story_expect_exit(story, 0, "sync", NULL);
  exclude(story, "");
  put(story, 1, "ok");
  const struct run *run = story_expect_exit(story, 0, "sync", "--json", NULL);
  story_expect_member(story, run, "org1", "added", "1");
  story_expect_member(story, run, "org1", "rescoped", "1");
  story_expect_sql(story, "1 added ; 2 rescoped brand_new,email; 3 removed ; 4 added ", ROWS);
  story_expect_exact(story);
  story_destroy(story);
}

/* Whether it wrote something that is not committed yet; waits for that, or for its end. */
static bool await_writing(struct story *story, const struct run *run) {
  while (!story_ended(story, run))
    if (story_count(story, "select count(*) from pg_stat_activity where datname = current_database() and "
                           "pid <> pg_backend_pid() and xact_start is not null and backend_xid is not null") > 0)
      return true;
  return false;
}

/* All or nothing, wherever it is killed: of all accounts or of none; ever later, and every other time where it writes. */
Test(exclude_fields, killed_at_any_time) {
  enum { ACCOUNTS = 400, ROUNDS = 12, ROUNDS_AT_MOST = 60 };
  struct story *story = story_create_generated(1, ACCOUNTS, 5);
  story_expect_exit(story, 0, "sync", NULL);
  long rows = 0, undone = 0;
  for (int round = 0; round < ROUNDS || ((rows == 0 || undone == 0) && round < ROUNDS_AT_MOST); round++) {
    bool excludes = story_count(story, "select cardinality(excluded_fields) from organization") > 0;
    exclude(story, excludes ? "" : "smtp, user_id");
    const struct run *run = story_start(story, "sync", NULL);
    bool writes = round % 2 == 1 && await_writing(story, run);
    if (round % 2 == 0)
      running_sleep(10 + 15 * round);
    story_signal(story, run, SIGKILL);
    story_wait(story, run, 10000);
    story_await_sql(story, "0",
                    "select count(*) from pg_stat_activity where datname = current_database() and "
                    "pid <> pg_backend_pid() and backend_type = 'client backend'",
                    20000);
    long now = story_count(story, "select count(*) from account_history where change = 'rescoped'");
    cr_assert((now - rows) % ACCOUNTS == 0, "%ld rows of %d accounts", now - rows, ACCOUNTS);
    undone += writes && now == rows;
    rows = now;
  }
  cr_assert_gt(undone, 0, "none was killed while it wrote");
  cr_assert_gt(rows, 0, "none had written before it was killed");
  exclude(story, "imap");
  story_expect_exit(story, 0, "sync", NULL);
  story_expect_exact(story);
  story_expect_sql(story, "0", "select count(*) from account_history where change = 'changed'");
  story_destroy(story);
}

Test(exclude_fields, erased_and_pruned) {
  struct story *story = filled_story(3);
  exclude(story, "email, smtp");
  story_expect_exit(story, 0, "sync", NULL);
  story_remove(story, 1, "emailacct_1");
  story_expect_exit(story, 0, "sync", NULL);
  story_expect_exit(story, 0, "erase", "--account", "emailacct_1", NULL);
  story_expect_exit(story, 0, "verify", NULL);
  story_expect_sql(story, "brand_new,email,smtp",
                   "select string_agg(field, ',' order by field) from account_change where account_id = 'emailacct_1' "
                   "and change = 'rescoped'");
  const char *changed_at = story_sql(story, "select changed_at from account where account_id = 'emailacct_2'");
  story_set(story, "history", "retention", "1s");
  running_sleep(1100);
  story_expect_exit(story, 0, "prune", NULL);
  story_expect_sql(story, "rescoped",
                   "select string_agg(change, ',') from account_history where account_id = 'emailacct_2'");
  story_expect_exit(story, 0, "verify", NULL);
  const struct run *run = story_expect_exit(story, 0, "sync", "--verify", "--json", NULL);
  story_expect_member(story, run, "org1", "outcome", "unchanged");
  story_expect_sql(story, changed_at, "select changed_at from account where account_id = 'emailacct_2'");
  story_expect_sql(
      story, "t",
      "select p.changed_at = a.changed_at from account_as_of('infinity') p join account a using (account_id) "
      "where account_id = 'emailacct_2'");
  exclude(story, "");
  story_expect_exit(story, 0, "sync", NULL);
  story_expect_sql(story, changed_at, "select changed_at from account where account_id = 'emailacct_2'");
  story_expect_exit(story, 0, "verify", NULL);
  story_destroy(story);
}

/* The story's configuration with another setting. */
static const char *other_config(struct story *story, const char *fields) {
  const char *path = story_format(story, "%s/other.conf", story_directory(story));
  const char *script = story_format(story,
                                    "cp '%s' '%s' && cp -r '%s.d' '%s.d' && printf '[sync]\\nexclude_fields = %s\\n' > "
                                    "'%s.d/zz.conf'",
                                    story_config_path(story), path, story_config_path(story), path, fields, path);
  cr_assert_eq(system(script), 0);
  return path;
}

/* A reload is enough, and nothing is swept under half of each. */
Test(exclude_fields, set_at_a_reload) {
  struct story *story = filled_story(3);
  const struct run *run = running_start(story, "100ms");
  running_await_requests(story, 1, 6, 20000);
  exclude(story, "smtp, email");
  story_signal(story, run, SIGHUP);
  story_await_sql(story, "3", "select sum(rescoped) from sweep", 20000);
  put(story, 1, "error");
  story_await_sql(story, "error", "select send_status from account where account_id = 'emailacct_1'", 20000);
  exclude(story, "");
  story_signal(story, run, SIGHUP);
  story_await_sql(story, "6", "select sum(rescoped) from sweep", 20000);
  running_stop(story, run);
  story_expect_sql(
      story, "1 added ; 2 rescoped brand_new,email,smtp; 3 changed send_status; 4 rescoped brand_new,email,smtp", ROWS);
  story_expect_exact(story);
  story_destroy(story);
}

/* Each sweeps under its own setting, in turns, and neither takes the other's for a change at Close; real ones are seen once each. */
Test(exclude_fields, two_daemons_with_different_settings) {
  struct story *story = filled_story(2);
  story_set(story, "sync", "interval", "100ms");
  story_set(story, "sync", "flush_interval", "0s");
  const char *other = other_config(story, "smtp, user_id");
  const struct run *one = story_start(story, "run", NULL);
  const struct run *two = story_start(story, "-c", other, "run", NULL);
  story_await_sql(story, "t", "select count(*) > 6 from sweep where rescoped > 0", 20000);
  put(story, 1, "error");
  story_await_sql(story, "error", "select send_status from account where account_id = 'emailacct_1'", 10000);
  story_await_sql(story, "t", "select count(*) > 12 from sweep where rescoped > 0", 20000);
  running_stop(story, one);
  running_stop(story, two);
  story_expect_sql(
      story, "send_status",
      "select string_agg(array_to_string(changed_fields, ','), ' ') from account_history where change = 'changed'");
  story_expect_sql(
      story, "t",
      "select bool_and(changed_fields = '{brand_new,smtp,user_id}') from account_history where change = 'rescoped'");
  story_expect_exact(story);
  story_destroy(story);
}
