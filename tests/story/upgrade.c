/* A schema that an older closesyncd left behind, with everything in its tables: the next one brings it up to date and loses nothing,
 * or, when that fails in the middle, changes nothing. */
#include "sql/embedded.h"
#include "support/inner.h"
#include "support/story.h"

#include <criterion/criterion.h>
#include <string.h>

enum { ACCOUNTS = 20, TOGETHER = 4 };

/* What tells when migrations were applied. */
static const char NEWER[] = "migration";

static const char APPLIED[] = "select count(*) || ' ' || count(distinct version) || ' ' || max(version) from migration";

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

static void keep(struct story *story) {
  story_sql(story, "create schema kept;"
                   " do $$ declare t text; begin"
                   "  for t in select tablename from pg_tables where schemaname = 'close_crm' loop"
                   "   execute format('create table kept.%1$I as table close_crm.%1$I', t);"
                   "  end loop; end $$");
}

/* As an older closesyncd applied it: the file's bytes, their checksum, one transaction. */
static void apply(struct story *story, const struct sql_file *file) {
  const char *const values[] = {story_format(story, "%d", file->version), file->name, file->text};
  story_sql(story, story_format(story, "begin; set local search_path = close_crm, pg_temp; %s", file->text));
  PQclear(story_query(story,
                      "insert into migration (version, name, checksum)"
                      " values ($1::integer, $2, encode(sha256(convert_to($3, 'UTF8')), 'hex'))",
                      3, values));
  story_sql(story, "commit");
}

/* The schema as of the first `count` migrations, with what was kept as far as it has a place. */
static void age(struct story *story, int count) {
  cr_assert_lt(count, sql_migration_count);
  story_sql(story, "drop schema close_crm cascade; create schema close_crm");
  for (int i = 0; i < count; i++)
    apply(story, &sql_migrations[i]);
  story_sql(story,
            "do $$ declare t record; begin"
            "  for t in select c.table_name as name, string_agg(quote_ident(c.column_name), ', ') as columns"
            "   from information_schema.columns c join information_schema.columns k"
            "   on (k.table_schema, k.table_name, k.column_name) = ('kept', c.table_name, c.column_name)"
            "   where c.table_schema = 'close_crm' and c.is_generated = 'NEVER' and c.table_name <> 'migration'"
            "   group by c.table_name loop"
            "   execute format('insert into close_crm.%1$I (%2$s) select %2$s from kept.%1$I', t.name, t.columns);"
            "  end loop; end $$");
}

static void expect_up_to_date(struct story *story) {
  int count = sql_migration_count;
  story_expect_sql(story, story_format(story, "%d %d %d", count, count, count), APPLIED);
}

static void expect_a_good_life(struct story *story, unsigned long long seed) {
  story_expect_exact(story);
  story_expect_exit(story, 0, "verify", NULL);
  story_change(story, 30, seed);
  story_expect_exit(story, 0, "sync", NULL);
  story_expect_exact(story);
  story_expect_exit(story, 0, "verify", NULL);
}

Test(upgrade, from_every_earlier_schema_keeps_every_row) {
  struct story *story = story_create_generated(1, ACCOUNTS, 5);
  live(story);
  const char *before = story_dump(story, NEWER);
  keep(story);
  for (int i = 1; i < sql_migration_count; i++) {
    story_note(story, story_format(story, "from schema %d", i));
    age(story, i);
    const struct run *run = story_expect_exit(story, 0, "migrate", NULL);
    cr_assert_not_null(strstr(run->out, "applied "), "%s", run->out);
    expect_up_to_date(story);
    story_expect_same(story, before, story_dump(story, NEWER));
    story_expect_exact(story);
    story_expect_exit(story, 0, "verify", NULL);
    run = story_expect_exit(story, 0, "sync", "--json", NULL);
    story_expect_member(story, run, "org1", "outcome", "unchanged");
  }
  expect_a_good_life(story, 8);
  story_destroy(story);
}

Test(upgrade, by_several_at_once_happens_once) {
  struct story *story = story_create_generated(1, ACCOUNTS, 5);
  live(story);
  keep(story);
  for (int i = 0; i < 4; i++) {
    const struct run *runs[TOGETHER];
    age(story, 2 * i + 1 < 7 ? 2 * i + 1 : 6);
    for (int j = 0; j < TOGETHER; j++)
      runs[j] = (i + j) % 2 ? story_start(story, "sync", NULL) : story_start(story, "migrate", NULL);
    for (int j = 0; j < TOGETHER; j++) {
      story_wait(story, runs[j], 30000);
      cr_assert_eq(runs[j]->exit_status, 0, "%s", runs[j]->err);
    }
    expect_up_to_date(story);
    story_expect_exact(story);
  }
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

static const char CATALOG[] =
    "select string_agg(what, ' ' order by what) from ("
    " select relname || relkind::text from pg_class where relnamespace = 'close_crm'::regnamespace"
    " union all select oid::regprocedure::text || md5(coalesce(prosqlbody::text, prosrc))"
    "  from pg_proc where pronamespace = 'close_crm'::regnamespace"
    " union all select attrelid::regclass || '.' || attname from pg_attribute"
    "  where attrelid in (select oid from pg_class where relnamespace = 'close_crm'::regnamespace)"
    " ) as thing (what)";

Test(upgrade, that_fails_in_the_middle_leaves_nothing) {
  struct story *story = story_create_generated(1, ACCOUNTS, 5);
  static const int places[] = {1, 2, 4, 5};
  live(story);
  keep(story);
  for (int i = 1; i < sql_migration_count; i++) {
    age(story, i);
    fail_at(story, places[i % 4]);
    story_sql(story, "create event trigger fail on ddl_command_end execute function kept.count()");
    const char *before = story_dump(story, ""), *catalog = story_sql(story, CATALOG);
    const struct run *run = story_expect_exit(story, 1, i % 2 ? "sync" : "migrate", NULL);
    story_sql(story, "drop event trigger fail");
    story_expect_stderr(story, run, "could not apply migration");
    story_expect_stderr(story, run, "the story says so");
    if (strstr(run->out, "applied ") == NULL && story_count(story, "select max(version) from migration") == i) {
      story_expect_same(story, before, story_dump(story, ""));
      story_expect_sql(story, catalog, CATALOG);
    }
    story_expect_exit(story, 0, "sync", NULL);
    expect_up_to_date(story);
    story_expect_exact(story);
  }
  expect_a_good_life(story, 10);
  story_destroy(story);
}
