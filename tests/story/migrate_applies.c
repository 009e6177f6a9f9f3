/* The schema: --dry-run only tells, several at once are normal, an interrupted or failing migration leaves nothing behind, and
 * what is edited, newer or somebody else's is refused with 78. */
#include "support/story.h"
#include "support/truth.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static const char SCHEMAS[] = "select count(*) from pg_namespace where nspname = 'close_crm'";
static const char APPLIED[] = "select count(*) || ' ' || count(distinct version) || ' ' || max(version) from migration";

static const char *all_applied(struct story *story) {
  const char *count = story_sql(story, "select count(*) from migration");
  return story_format(story, "%s %s %s", count, count, count);
}

Test(migrate_applies, what_is_pending_and_tells_it) {
  struct story *story = story_create_generated(1, 2, 1);
  const struct run *run = story_expect_exit(story, 0, "migrate", "--dry-run", NULL);
  cr_assert_str_eq(run->out, "pending tables\npending functions and views\n");
  story_expect_sql(story, "0", SCHEMAS);
  run = story_expect_exit(story, 0, "migrate", NULL);
  cr_assert_str_eq(run->out, "applied tables\napplied functions and views\n");
  story_expect_sql(story, all_applied(story), APPLIED);
  story_expect_sql(
      story, "t",
      "select bool_and(checksum ~ '^[0-9a-f]{64}$' and functions_checksum ~ '^[0-9a-f]{64}$') from migration");
  const char *before = story_dump(story, "");
  run = story_expect_exit(story, 0, "migrate", NULL);
  cr_assert_not_null(strstr(run->out, "up to date"));
  run = story_expect_exit(story, 0, "migrate", "--dry-run", NULL);
  cr_assert_not_null(strstr(run->out, "up to date"));
  story_expect_same(story, before, story_dump(story, ""));
  story_destroy(story);
}

Test(migrate_applies, each_once_however_many_start_together) {
  enum { TOGETHER = 4 };
  struct story *story = story_create_generated(1, 2, 1);
  const struct run *runs[TOGETHER];
  for (int i = 0; i < TOGETHER; i++)
    runs[i] = i % 2 == 0 ? story_start(story, "migrate", NULL) : story_start(story, "sync", NULL);
  for (int i = 0; i < TOGETHER; i++) {
    story_wait(story, runs[i], 30000);
    cr_assert_eq(runs[i]->exit_status, 0, "%s", runs[i]->err);
  }
  story_expect_sql(story, all_applied(story), APPLIED);
  story_expect_exact(story);
  story_destroy(story);
}

Test(migrate_applies, nothing_by_halves) {
  struct story *story = story_create_generated(1, 2, 1);
  /* 0001 makes an index of this name. */
  story_sql(story, "create schema close_crm; create table close_crm.account_history_version ()");
  const struct run *run = story_expect_exit(story, 1, "migrate", NULL);
  story_expect_stderr(story, run, "could not apply migration 0001");
  story_expect_sql(story, "account_history_version",
                   "select string_agg(relname, ',') from pg_class where relnamespace = 'close_crm'::regnamespace");
  story_sql(story, "drop table close_crm.account_history_version");
  story_expect_exit(story, 0, "sync", NULL); /* sync migrates too */
  story_expect_exact(story);
  story_destroy(story);
}

Test(migrate_applies, and_says_whom_it_waited_for) {
  struct story *story = story_create_generated(1, 2, 1);
  story_set(story, "database", "lock_timeout", "300ms");
  story_sql(story, "select pg_advisory_lock(hashtextextended('closesyncd migrate close_crm', 0))");
  const struct run *run = story_expect_exit(story, 1, "migrate", NULL);
  story_expect_stderr(
      story, run, "another process has been migrating the schema \"close_crm\" for longer than database.lock_timeout");
  story_sql(story, "select pg_advisory_unlock_all()");
  story_expect_exit(story, 0, "sync", NULL);
  story_destroy(story);
}

Test(migrate_applies, again_after_being_killed) {
  struct story *story = story_create_generated(1, 2, 1);
  for (int i = 0; i < 6; i++) {
    const struct run *run = story_start(story, "migrate", NULL);
    nanosleep(&(struct timespec){.tv_nsec = 12000000L * (i + 1)}, NULL);
    story_signal(story, run, SIGKILL);
    story_wait(story, run, 10000);
  }
  story_expect_exit(story, 0, "sync", NULL);
  story_expect_sql(story, all_applied(story), APPLIED);
  story_expect_exact(story);
  story_destroy(story);
}

static const char *const commands[] = {"sync", "migrate", "status", "plan"};

static void expect_refusal(struct story *story, const char *error) {
  const char *before = story_dump(story, "");
  for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
    const struct run *run = story_expect_exit(story, 78, commands[i], NULL);
    story_expect_stderr(story, run, error);
  }
  story_expect_same(story, before, story_dump(story, ""));
}

Test(migrate_applies, nothing_to_a_schema_it_does_not_know) {
  struct story *story = story_create_generated(1, 2, 1);
  story_expect_exit(story, 0, "sync", NULL);
  story_sql(story, "create table kept as select * from migration");
  story_sql(story, "insert into migration (version, name, checksum) values (9999, 'of_tomorrow', repeat('0', 64))");
  expect_refusal(story, "newer");
  story_sql(story, "delete from migration where version = 9999");
  story_sql(story, "update migration set checksum = repeat('0', 64) where version = 1");
  expect_refusal(story, "was edited after it was applied");
  story_sql(story, "delete from migration; insert into migration select * from kept; drop table kept");
  story_expect_exit(story, 0, "sync", NULL);
  story_expect_exact(story);
  cr_assert_eq(story_count(story, SCHEMAS), 1);
  story_destroy(story);
}

Test(migrate_applies, nothing_of_somebody_elses) {
  struct story *story = story_create_generated(1, 2, 1);
  const char *role = story_format(story, "visitor_%s", story_sql(story, "select current_database()"));
  story_sql(story, story_format(story, "create role %s login", role));
  story_set(story, "database", "conninfo", story_format(story, "%s user=%s", story_conninfo(story), role));
  const struct run *run = story_expect_exit(story, 78, "sync", NULL);
  story_expect_stderr(story, run, "closesyncd migrate");
  story_expect_sql(story, "0", SCHEMAS);
  story_set(story, "database", "conninfo", story_conninfo(story));
  story_expect_exit(story, 0, "sync", NULL);
  story_sql(story, "delete from migration where version = (select max(version) from migration)");
  story_sql(story,
            story_format(story, "grant usage on schema close_crm to %s; grant select on migration to %s", role, role));
  story_set(story, "database", "conninfo", story_format(story, "%s user=%s", story_conninfo(story), role));
  for (size_t i = 0; i < 2; i++) {
    run = story_expect_exit(story, 78, commands[i], NULL);
    story_expect_stderr(story, run, "closesyncd migrate");
    story_expect_stderr(story, run, role);
  }
  story_sql(story, story_format(story, "drop owned by %s; drop role %s", role, role));
  story_spare(story, TRUTH_ALL, "a migration seems to be missing");
  story_destroy(story);
}

Test(migrate_applies, of_a_closed_schema_it_says_so) {
  struct story *story = story_create_generated(1, 2, 1);
  const char *role = story_format(story, "stranger_%s", story_sql(story, "select current_database()"));
  story_sql(story, story_format(story, "create role %s login", role));
  story_expect_exit(story, 0, "sync", NULL);
  story_set(story, "database", "conninfo", story_format(story, "%s user=%s", story_conninfo(story), role));
  const struct run *run = story_expect_exit(story, 78, "sync", NULL);
  story_expect_stderr(story, run, story_format(story, "\"close_crm\" may not be read by \"%s\"", role));
  story_expect_stderr(story, run, "closesyncd migrate --roles");
  run = story_expect_exit(story, 78, "check", NULL);
  cr_assert_not_null(strstr(run->out, "may not be read by"));
  story_sql(story, story_format(story, "drop owned by %s; drop role %s", role, role));
  story_destroy(story);
}

/* What an analyst reads in \d+. */
Test(migrate_applies, a_comment_to_every_table_and_column) {
  struct story *story = story_create(1);
  story_expect_exit(story, 0, "migrate", NULL);
  story_expect_sql(
      story, "",
      "select string_agg(relname || coalesce('.' || attname, ''), ', ') from pg_class"
      " left join lateral (select attname, attnum from pg_attribute where attrelid = pg_class.oid and attnum > 0"
      "  and not attisdropped union all select null, 0) as attribute on true"
      " where relnamespace = 'close_crm'::regnamespace and relkind in ('r', 'p', 'v', 'm')"
      " and case attnum when 0 then obj_description(pg_class.oid, 'pg_class') else col_description(pg_class.oid, "
      "attnum) end is null");
  cr_assert_geq(
      story_count(story,
                  "select count(*) from pg_class where relnamespace = 'close_crm'::regnamespace and relkind = 'r'"),
      12);
  story_destroy(story);
}
