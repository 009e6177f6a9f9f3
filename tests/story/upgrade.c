/* A schema with the functions and views of another closesyncd: this one applies its own again and loses nothing, neither rows nor what
 * somebody else made on top of them; when that fails in the middle, it changes nothing. */
#include "support/story.h"

#include <criterion/criterion.h>
#include <string.h>

enum { ACCOUNTS = 20, TOGETHER = 4 };

/* What tells when functions were applied. */
static const char NEWER[] = "migration";

/* Tables, columns, functions and views with what they do, who owns them and who may use them. */
static const char CATALOG[] =
    "select string_agg(what, ' ' order by what) from ("
    " select relname || relkind::text || relowner || coalesce(relacl::text, '')"
    "  || coalesce(md5(pg_get_viewdef(case relkind when 'v' then oid end)), '')"
    "  from pg_class where relnamespace = 'close_crm'::regnamespace"
    " union all select oid::regprocedure::text || md5(coalesce(pg_get_function_sqlbody(oid), prosrc)) || proowner ||"
    "  coalesce(proacl::text, '') || obj_description(oid, 'pg_proc') from pg_proc"
    "  where pronamespace = 'close_crm'::regnamespace and proname !~ '_of_mine$'"
    " union all select attrelid::regclass || '.' || attname from pg_attribute"
    "  where attrelid in (select oid from pg_class where relnamespace = 'close_crm'::regnamespace)"
    " ) as thing (what)";

/* Additions, changes, a removal, a return, an unknown field, an entry that could not be taken. */
static void live(struct story *story) {
  const char *removed = "emailacct_gone";
  story_put(story, 1, "{\"id\": \"emailacct_gone\", \"user_id\": 7, \"new_field\": [1, {\"a\": null}]}");
  story_expect_exit(story, 0, "sync", NULL);
  story_change(story, 60, 3);
  story_put_as(story, 1, "nameless", "{\"email\": \"no id\"}", true);
  story_expect_exit(story, 0, "sync", NULL);
  story_remove(story, 1, "nameless");
  story_remove(story, 1, removed);
  story_expect_exit(story, 0, "sync", NULL);
  story_put(story, 1, "{\"id\": \"emailacct_gone\", \"_type\": \"zoom\", \"other_field\": true}");
  story_expect_exit(story, 0, "sync", NULL);
  story_remove(story, 1, removed);
  story_expect_exit(story, 0, "sync", NULL);
  story_expect_exact(story);
}

/* Another closesyncd's: one function says something else, one view has fewer columns, and three things are there that this one does not
 * have: two of them one on the other, and one on which somebody's view depends. */
static void apply_others(struct story *story) {
  story_sql(story,
            "create or replace function json_text(value jsonb) returns text language sql immutable parallel safe"
            " begin atomic select 'another'::text; end;"
            "drop view account_change;"
            "create view account_change as select organization_id, seq, account_id from account_history;"
            "create function gone(a integer, b text) returns integer language sql begin atomic select 1; end;"
            "create view gone_too as select gone(1, '') as one;"
            "create function used() returns integer language sql begin atomic select 1; end;"
            "update migration set functions_checksum = repeat('0', 64),"
            " functions = functions || array['routine gone(a integer, b text)', 'view gone_too', 'routine used()']");
}

/* What somebody made in the schema and outside of it. */
static void build_on_it(struct story *story) {
  story_sql(story,
            "create schema mine;"
            "create view mine.overview as select *, close_crm.json_text(other -> 'x') as x from close_crm.account;"
            "create view mine.used as select close_crm.used() as one;"
            "create function close_crm.travel_of_mine() returns integer language sql begin atomic select 1; end");
}

static void expect_a_good_life(struct story *story, unsigned long long seed) {
  story_expect_exact(story);
  story_expect_exit(story, 0, "verify", NULL);
  story_change(story, 30, seed);
  story_expect_exit(story, 0, "sync", NULL);
  story_expect_exact(story);
  story_expect_exit(story, 0, "verify", NULL);
}

Test(upgrade, applies_functions_and_views_that_are_not_its_own) {
  struct story *story = story_create_generated(1, ACCOUNTS, 5);
  live(story);
  const char *before = story_dump(story, NEWER);
  const char *catalog = story_sql(story, CATALOG),
             *applied = story_sql(story, "select functions_checksum from migration");
  apply_others(story);
  build_on_it(story);
  story_expect_stderr(story, story_expect_exit(story, 78, "plan", NULL), "run `closesyncd migrate` first");
  story_expect_stderr(story, story_expect_exit(story, 78, "verify", NULL), "run `closesyncd migrate`");
  const struct run *check = story_expect_exit(story, 0, "check", NULL);
  cr_assert_not_null(strstr(check->out, "\"close_crm\" has another closesyncd's functions and views"), "%s",
                     check->out);
  const struct run *run = story_expect_exit(story, 0, "migrate", "--dry-run", NULL);
  cr_assert_str_eq(run->out, "pending functions and views\n");
  run = story_expect_exit(story, 0, "migrate", NULL);
  cr_assert_str_eq(run->out, "applied functions and views\n");
  story_expect_same(story, before, story_dump(story, NEWER));
  story_expect_sql(story, applied, "select functions_checksum from migration");
  story_expect_sql(story, "used", "select string_agg(proname, ',') from pg_proc where proname in ('gone', 'used')");
  story_expect_sql(story, "t",
                   "select 'routine used()' = any (functions) and not functions::text like '%gone%' from migration");
  story_expect_sql(story, "1 1", "select (select one from mine.used) || ' ' || close_crm.travel_of_mine()");
  story_expect_sql(story, "t", "select count(*) > 0 from mine.overview");
  story_sql(story, "drop view mine.used; update close_crm.migration set functions_checksum = null");
  story_expect_exit(story, 0, "sync", NULL); /* sync applies too */
  story_expect_sql(story, "0", "select count(*) from pg_proc where proname = 'used'");
  story_sql(story, "drop schema mine cascade");
  story_expect_sql(story, catalog, CATALOG);
  expect_a_good_life(story, 8);
  story_destroy(story);
}

Test(upgrade, by_several_at_once_happens_once) {
  struct story *story = story_create_generated(1, ACCOUNTS, 5);
  const struct run *runs[TOGETHER];
  live(story);
  story_sql(story, "update migration set functions_checksum = repeat('0', 64)");
  for (int i = 0; i < TOGETHER; i++)
    runs[i] = i % 2 ? story_start(story, "sync", NULL) : story_start(story, "migrate", NULL);
  int applied = 0;
  for (int i = 0; i < TOGETHER; i++) {
    story_wait(story, runs[i], 30000);
    cr_assert_eq(runs[i]->exit_status, 0, "%s", runs[i]->err);
    applied += i % 2 == 0 && strstr(runs[i]->out, "applied functions and views") != NULL;
  }
  cr_assert_leq(applied, 1);
  expect_a_good_life(story, 9);
  story_destroy(story);
}

/* The k-th statement that makes or alters something in one transaction fails. */
static void fail_at(struct story *story, int k) {
  story_sql(story, story_format(
                       story,
                       "create or replace function kept.count() returns event_trigger language plpgsql as $$ begin"
                       "  perform set_config('story.commands',"
                       "   (coalesce(nullif(current_setting('story.commands', true), ''), '0')::int + 1)::text, true);"
                       "  if current_setting('story.commands')::int = %d then"
                       "   raise exception 'the story says so'; end if; end $$",
                       k));
}

Test(upgrade, that_fails_in_the_middle_leaves_nothing) {
  struct story *story = story_create_generated(1, ACCOUNTS, 5);
  static const int places[] = {1, 40, 90, 110};
  live(story);
  story_sql(story, "create schema kept");
  for (int i = 0; i < 4; i++) {
    story_sql(story, "create or replace function close_crm.json_text(value jsonb) returns text language sql immutable"
                     " parallel safe begin atomic select 'another'::text; end;"
                     "update migration set functions_checksum = repeat('0', 64)");
    fail_at(story, places[i]);
    story_sql(story, "create event trigger fail on ddl_command_end execute function kept.count()");
    const char *before = story_dump(story, ""), *catalog = story_sql(story, CATALOG);
    const struct run *run = story_expect_exit(story, 1, i % 2 ? "sync" : "migrate", NULL);
    story_sql(story, "drop event trigger fail");
    story_expect_stderr(story, run, "could not apply functions and views");
    story_expect_stderr(story, run, "the story says so");
    story_expect_same(story, before, story_dump(story, ""));
    story_expect_sql(story, catalog, CATALOG);
    story_expect_exit(story, 0, "sync", NULL);
    story_expect_exact(story);
  }
  expect_a_good_life(story, 10);
  story_destroy(story);
}
