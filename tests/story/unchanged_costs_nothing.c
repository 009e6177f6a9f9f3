/* An unchanged sweep writes no row of an account, not even an equal one; WAL stays under 4 KiB with the coverage's flush. Key and
 * element order are no change, nor are volatile fields, which arrive with the account's next change or verifying sweep. */
#include "support/story.h"

#include <criterion/criterion.h>
#include <stdlib.h>

/* Every row of every table that tells of accounts, with where it stands and who wrote it: an equal update would show. */
static const char *places(struct story *story) {
  static const char *const tables[] = {"account",         "account_identity", "account_mail_server", "account_calendar",
                                       "account_feature", "account_history",  "account_digest",      "sweep"};
  const char *all = "";
  for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
    all =
        story_format(story, "%s%s\n%s\n", all, tables[i],
                     story_sql(story, story_format(story,
                                                   "select string_agg(t.ctid::text || t.xmin::text || t.xmax::text || "
                                                   "t::text, E'\\n' order by t.ctid) from %s as t",
                                                   tables[i])));
  return all;
}

static void expect_unchanged(struct story *story) {
  const char *before = places(story);
  const struct run *run = story_expect_exit(story, 0, "sync", "--json", NULL);
  story_expect_member(story, run, "org1", "outcome", "unchanged");
  story_expect_member(story, run, "org1", "added", "0");
  story_expect_member(story, run, "org1", "changed", "0");
  story_expect_same(story, before, places(story));
}

/* The bytes of WAL while one unchanged sweep runs. */
static long wal_of_a_sweep(struct story *story) {
  const char *before = story_sql(story, "select pg_current_wal_insert_lsn()");
  expect_unchanged(story);
  return story_count(story, story_format(story, "select pg_current_wal_insert_lsn() - '%s'::pg_lsn", before));
}

Test(unchanged_costs_nothing, writes_no_row_and_under_4_kib_of_wal) {
  unsetenv("CLOSESYNCD_TEST_PGHOST"); /* a cluster of its own: the WAL is everybody's */
  struct story *story = story_create_generated(1, 250, 3);
  story_expect_exit(story, 0, "sync", NULL);
  const char *revision = story_sql(story, "select revision from organization");
  story_expect_exit(story, 0, "sync", NULL); /* a checkpoint's full pages are off in the cluster */
  long wal_bytes = wal_of_a_sweep(story);
  int sweeps = 3;
  for (; sweeps < 5 && wal_bytes >= 4096; sweeps++)
    wal_bytes = wal_of_a_sweep(story); /* an autovacuum may have written beside the one before */
  cr_assert_lt(wal_bytes, 4096, "%ld bytes of WAL", wal_bytes);
  story_expect_sql(story, revision, "select revision from organization");
  story_expect_sql(story, story_format(story, "%d", sweeps), "select sweeps from coverage");
  story_expect_sql(story, "t", "select last_swept_at = until_at from organization, coverage");
  story_expect_exact(story);
  story_destroy(story);
}

static const char ORDERED[] =
    "{\"id\": \"emailacct_1\", \"_type\": \"google\", \"email\": \"a@example.com\", \"identities\": ["
    "{\"email\": \"a@example.com\", \"name\": \"A\"}, {\"email\": \"b@example.com\", \"name\": \"B\"}],"
    " \"enabled_features\": [\"email_sending\", \"calendar_syncing\"], \"unknown\": {\"list\": [1, [2, 3], {\"x\": 1, "
    "\"y\": 2}]}}";
static const char SHUFFLED[] = "{\"unknown\": {\"list\": [{\"y\": 2, \"x\": 1}, [3, 2.0], 1e0]}, "
                               "\"enabled_features\":[\"calendar_syncing\",\"email_sending\"],"
                               "\n\"identities\": [{\"name\": \"B\", \"email\": \"b@example.com\"}, {\"name\": "
                               "\"\\u0041\", \"email\": \"a@example.com\"}],"
                               " \"email\": \"a@example.com\", \"_type\": \"google\", \"id\": \"emailacct_1\"}";

Test(unchanged_costs_nothing, though_keys_and_elements_come_in_another_order) {
  struct story *story = story_create(1);
  story_put(story, 1, ORDERED);
  story_put(story, 1, "{\"id\": \"emailacct_2\", \"_type\": \"zoom\"}");
  story_expect_exit(story, 0, "sync", NULL);
  story_put(story, 1, SHUFFLED);
  expect_unchanged(story);
  story_accounts(
      story, 1,
      story_format(story, "[{\"_type\": \"zoom\", \"id\": \"emailacct_2\"}, %s]", ORDERED)); /* of the list too */
  expect_unchanged(story);
  story_put(story, 1, SHUFFLED);
  const struct run *run = story_expect_exit(story, 0, "sync", "--json", "--verify", NULL);
  story_expect_member(story, run, "org1", "outcome", "unchanged");
  story_expect_exact(story);
  story_destroy(story);
}

Test(unchanged_costs_nothing, though_null_and_absent_are_a_change) {
  struct story *story = story_create(1);
  story_put(story, 1, "{\"id\": \"emailacct_1\", \"_type\": \"zoom\", \"send_status\": null}");
  story_expect_exit(story, 0, "sync", NULL);
  story_drop_member(story, 1, "emailacct_1", "send_status");
  const struct run *run = story_expect_exit(story, 0, "sync", "--json", NULL);
  story_expect_member(story, run, "org1", "changed", "1");
  story_expect_sql(story, "{send_status}", "select changed_fields from account_history where version = 2");
  story_expect_exact(story);
  story_destroy(story);
}

static void move_volatile(struct story *story, const char *day) {
  story_edit(story, 1, "emailacct_1",
             story_format(story, "{\"lead_suggestions_updated_at\": \"2026-01-%sT00:00:00+00:00\"}", day));
}

Test(unchanged_costs_nothing, when_only_a_volatile_field_moved) {
  static const char day[] = "select extract(day from lead_suggestions_updated_at) from account";
  struct story *story = story_create(1);
  story_put(story, 1,
            "{\"id\": \"emailacct_1\", \"_type\": \"google\", \"lead_suggestions_updated_at\": "
            "\"2026-01-01T00:00:00+00:00\"}");
  story_expect_exit(story, 0, "sync", NULL);
  move_volatile(story, "02");
  const char *before = story_dump(story, STORY_BOOKKEEPING ",account_digest.raw_digest");
  const struct run *run = story_expect_exit(story, 0, "sync", "--json", NULL);
  story_expect_member(story, run, "org1", "outcome", "unchanged");
  story_expect_same(story, before, story_dump(story, STORY_BOOKKEEPING ",account_digest.raw_digest"));
  story_expect_sql(story, "1", day);

  const char *changed_at = story_sql(story, "select changed_at from account");
  run = story_expect_exit(story, 0, "sync", "--json", "--verify", NULL);
  story_expect_member(story, run, "org1", "outcome", "unchanged");
  story_expect_member(story, run, "org1", "repaired", "0");
  story_expect_sql(story, "2", day);
  story_expect_sql(story, changed_at, "select changed_at from account");
  story_expect_sql(story, "1", "select count(*) from account_history");

  move_volatile(story, "03");
  story_edit(story, 1, "emailacct_1", "{\"send_status\": \"ok\"}");
  story_expect_exit(story, 0, "sync", NULL);
  story_expect_sql(story, "3", day);
  story_expect_sql(story, "{send_status}", "select changed_fields from account_history where version = 2");
  story_expect_exact(story);
  story_destroy(story);
}

Test(unchanged_costs_nothing, of_what_is_configured_as_volatile) {
  struct story *story = story_create(1);
  story_set(story, "sync", "volatile_fields", "send_status, identities");
  story_put(story, 1, "{\"id\": \"emailacct_1\", \"send_status\": \"ok\", \"identities\": []}");
  story_expect_exit(story, 0, "sync", NULL);
  story_edit(story, 1, "emailacct_1",
             "{\"send_status\": \"error\", \"identities\": [{\"email\": \"a@example.com\", \"name\": \"A\"}]}");
  const struct run *run = story_expect_exit(story, 0, "sync", "--json", NULL);
  story_expect_member(story, run, "org1", "outcome", "unchanged");
  story_expect_sql(story, "0", "select count(*) from account_identity");
  run = story_expect_exit(story, 0, "sync", "--json", "--verify", NULL);
  story_expect_member(story, run, "org1", "outcome", "unchanged");
  story_expect_sql(story, "error A",
                   "select send_status || ' ' || name from account join account_identity using (account_id)");
  story_expect_sql(story, "1", "select count(*) from account_history");
  /* Another list is another idea of change: the sweep verifies, and what moved meanwhile becomes history. */
  story_set(story, "sync", "volatile_fields", "");
  run = story_expect_exit(story, 0, "sync", "--json", NULL);
  story_expect_member(story, run, "org1", "changed", "1");
  story_expect_sql(story, "{identities,send_status}", "select changed_fields from account_history where version = 2");
  story_expect_exact(story);
  story_destroy(story);
}
