/* Whatever a database's or a role's settings are, closesyncd's sessions are as it needs them; what no session can put right is told. */
#include "support/running.h"

#include <criterion/criterion.h>
#include <string.h>

static void let_database(struct story *story, const char *setting) {
  story_sql(story,
            story_format(story, "do $$ begin execute format('alter database %%I set %s', current_database()); end $$",
                         setting));
}

/* SQL in the schema's functions is read by the session that makes them: a backslash must be one. */
Test(any_database, where_backslashes_escape) {
  struct story *story = story_create_generated(1, 3, 3);
  story_put(story, 1, "{\"id\": \"emailacct_new\", \"identities\": [1]}");
  let_database(story, "standard_conforming_strings = off");
  story_expect_exit(story, 0, "sync", NULL);
  story_expect_sql(story, "{\"identities[]\": [1]}",
                   "select other - 'receive_attempts_count' from account where account_id = 'emailacct_new'");
  const struct run *run = story_expect_exit(story, 0, "verify", NULL);
  cr_assert_not_null(strstr(run->out, "4 history rows up to seq 4, hash "), "%s", run->out);
  story_expect_exact(story);
  story_destroy(story);
}

Test(any_database, that_ends_idle_sessions) {
  struct story *story = story_create_generated(1, 3, 3);
  let_database(story, "idle_session_timeout = 200");
  const struct run *run = running_start(story, "700ms");
  running_await_requests(story, 1, 6, 15000);
  cr_assert_eq(running_lines(story, run, "could not use the database"), 0, "%s", running_said(story, run));
  running_stop(story, run);
  story_destroy(story);
}

Test(any_database, of_an_encoding_that_cannot_hold_it) {
  struct story *story = story_create_generated(1, 3, 3);
  const char *name = story_sql(story, "select current_database() || '_latin1'");
  story_sql(story, story_format(story, "create database %s template template0 encoding 'LATIN1' locale 'C'", name));
  story_set(story, "database", "conninfo", story_format(story, "%s dbname=%s", story_conninfo(story), name));
  static const char *const commands[] = {"check", "plan", "sync", "migrate", "status"};
  for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
    const struct run *run = story_expect_exit(story, 78, commands[i], NULL);
    const char *told = i == 0 ? run->out : run->err;
    cr_assert_not_null(strstr(told, "encoding is LATIN1"), "%s: %s", commands[i], told);
    cr_assert_not_null(strstr(told, "create one with encoding UTF8"));
  }
  story_sql(story, story_format(story, "drop database %s", name));
  story_destroy(story);
}

Test(any_database, whose_schema_is_somebody_elses) {
  struct story *story = story_create_generated(1, 3, 3);
  story_sql(story, "create schema close_crm");
  story_sql(story, "create table close_crm.organization (name text)");
  static const char *const commands[] = {"check", "plan", "sync", "migrate"};
  for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
    const struct run *run = story_expect_exit(story, 78, commands[i], NULL);
    cr_assert_not_null(strstr(i == 0 ? run->out : run->err,
                              "holds \"organization\" but no table \"migration\", so it is not closesyncd's"));
  }
  story_sql(story, "drop table close_crm.organization");
  story_expect_exit(story, 0, "sync", NULL);
  story_expect_exact(story);
  story_destroy(story);
}
