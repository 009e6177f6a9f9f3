/* What `run` remembers of a mirror is good only while the mirror is that one: an older state is put back under it, another process
 * sweeps while it is stopped. What it then writes says no more than what the database knows. */
#include "support/running.h"

#include <criterion/criterion.h>
#include <signal.h>

/* All rows of the schema, kept aside and put back by an administrator: no session is lost. */
static const char KEEP[] = "create schema kept; do $$ declare t text; begin"
                           " for t in select tablename from pg_tables where schemaname = 'close_crm' loop"
                           " execute format('create table kept.%I as table close_crm.%I', t, t); end loop; end $$";
static const char PUT_BACK[] =
    "set session_replication_role = replica; do $$ declare t text; c text; begin"
    " for t in select tablename from pg_tables where schemaname = 'kept' loop"
    " select string_agg(quote_ident(column_name), ', ') into c from information_schema.columns"
    " where table_schema = 'close_crm' and table_name = t and is_generated = 'NEVER';"
    " execute format('delete from close_crm.%I', t);"
    " execute format('insert into close_crm.%I (%s) select %s from kept.%I', t, c, c, t); end loop; end $$;"
    "set session_replication_role = origin";

static void put(struct story *story, const char *status) {
  story_put(story, 1, story_format(story, "{\"id\": \"a1\", \"send_status\": \"%s\"}", status));
}

static const char *now(struct story *story) { return story_sql(story, "select clock_timestamp()"); }

/* Until `run` has listed as often as it takes to have seen what Close is now, and to have found it unchanged. */
static void settle(struct story *story) {
  long count = running_requests(story, 1, "_skip=0", NULL, 0);
  running_await_requests(story, 1, count + 3, 10000);
}

static void await_mirror(struct story *story, const char *status) {
  story_await_sql(story, status, "select send_status from account", 10000);
}

static const struct run *begin(struct story *story) {
  put(story, "one");
  story_set(story, "sync", "flush_interval", "1h");
  const struct run *run = running_start(story, "200ms");
  await_mirror(story, "one");
  settle(story);
  return run;
}

Test(run_forgets, what_the_database_lost) {
  struct story *story = story_create(1);
  const struct run *run = begin(story);
  story_sql(story, KEEP);
  const char *kept = now(story);
  put(story, "two");
  await_mirror(story, "two");
  settle(story); /* it has seen the new state again and again, and the row that says so is lost now */
  story_sql(story, PUT_BACK);
  await_mirror(story, "two");
  story_expect_sql(
      story, "t",
      story_format(story, "select coalesce(not_before < '%s', true) from account_history where seq = 2", kept));
  story_expect_sql(story,
                   "t", /* and nobody claims to have watched while that state was Close's and not the history's */
                   "select max(observed_at) - min(until_at) < unseen_at_most(organization_id, min(until_at), "
                   "max(observed_at)) + '1 s'"
                   " from account_history join coverage using (organization_id) group by organization_id");
  running_stop(story, run);
  story_expect_exact(story);
  story_destroy(story);
}

/* Another writer makes the number of the lost revision again. */
Test(run_forgets, a_mirror_that_has_but_the_same_number) {
  struct story *story = story_create(1);
  const struct run *run = begin(story);
  story_sql(story, KEEP);
  put(story, "two");
  await_mirror(story, "two");
  settle(story);
  story_signal(story, run, SIGSTOP);
  story_sql(story, PUT_BACK);
  put(story, "three");
  story_sql(story, "select count(pg_terminate_backend(pid)) from pg_locks where locktype = 'advisory' and database ="
                   " (select oid from pg_database where datname = current_database())");
  story_expect_exit(story, 0, "sync", NULL);
  story_expect_sql(story, "2", "select revision from organization");
  put(story, "two");
  story_signal(story, run, SIGCONT);
  await_mirror(story, "two");
  running_stop(story, run);
  story_expect_exact(story);
  story_destroy(story);
}

Test(run_forgets, what_was_of_a_schema_that_is_gone) {
  struct story *story = story_create(1);
  const struct run *run = begin(story);
  story_sql(story, "drop schema close_crm cascade");
  story_expect_exit(story, 0, "migrate", NULL);
  await_mirror(story, "one");
  story_expect_sql(story, "1 added",
                   "select max(seq) || ' ' || max(change) from account_history where not_before is null");
  running_stop(story, run);
  story_expect_exact(story);
  story_destroy(story);
}

/* It waits for a page, is stopped, and loses its lock; another process sees another state. Then the old page is read. */
static void wake_up(bool changes) {
  struct story *story = story_create(1);
  put(story, "one");
  const struct run *run = running_start(story, "1h");
  await_mirror(story, "one");
  running_sleep(5100); /* signals are coalesced until here */
  if (changes)
    put(story, "old");
  story_replies(story, "[{\"match\": {\"path\": \"/connected_account/\"}, \"times\": 1, \"delay_ms\": 1200}]");
  story_signal(story, run, SIGUSR1);
  story_await_sql(story, "1",
                  "select count(*) from pg_locks where locktype = 'advisory' and database ="
                  " (select oid from pg_database where datname = current_database())",
                  10000);
  running_sleep(100);
  story_signal(story, run, SIGSTOP);
  running_sleep(1300);
  story_sql(story, "select count(pg_terminate_backend(pid)) from pg_locks where locktype = 'advisory' and database ="
                   " (select oid from pg_database where datname = current_database())");
  put(story, "new");
  const char *changed = now(story);
  story_expect_exit(story, 0, "sync", NULL);
  story_expect_exit(story, 0, "sync", NULL); /* unchanged: no revision moves */
  story_signal(story, run, SIGCONT);
  running_sleep(1500);
  running_stop(story, run);
  story_expect_sql(
      story, "2 new",
      "select count(*) || ' ' || max(document ->> 'send_status') filter (where seq = 2) from account_history");
  story_expect_sql(story, "t",
                   story_format(story, "select not_before < '%s' from account_history where seq = 2", changed));
  story_expect_sql(story, "unchanged 0", "select last_outcome || ' ' || consecutive_failures from organization");
  story_expect_exact(story);
  story_destroy(story);
}

Test(run_forgets, a_page_that_was_changed_before_others_swept) { wake_up(true); }
Test(run_forgets, a_page_that_was_unchanged_before_others_swept) { wake_up(false); }
