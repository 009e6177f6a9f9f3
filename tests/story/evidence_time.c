/* Time travel: whatever the tables said after each of many sweeps, the as-of functions still say of that moment, and of infinity what
 * the tables say now; a difference between two times is what the changes between them come to. */
#include "support/story.h"

#include <criterion/criterion.h>
#include <stdio.h>

enum { SWEEPS = 8 };

static const char *const tables[] = {"account", "account_identity", "account_mail_server", "account_calendar",
                                     "account_feature"};

/* How many rows the table (or a copy of it) and its past differ in; what is volatile is left out. */
static const char *differing(struct story *story, const char *table, const char *copy, const char *at) {
  const char *row = "to_jsonb(one) - 'lead_suggestions_updated_at'";
  return story_sql(
      story, story_format(story,
                          "select count(*) from ((select %s from %s one except all select %s from %s_as_of('%s') one) "
                          "union all (select %s from %s_as_of('%s') one except all select %s from %s one)) as rows",
                          row, copy, row, table, at, row, table, at, row, copy));
}

static void remember(struct story *story, int sweep) {
  for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++)
    story_sql(story, story_format(story, "create temp table %s_%d as table %s", tables[i], sweep, tables[i]));
  story_sql(story,
            story_format(story,
                         "create temp table moment_%d as select greatest(max(observed_at), '-infinity') as at from "
                         "account_history",
                         sweep));
}

static void stir(struct story *story, int sweep) {
  story_change(story, 20, (unsigned long long)sweep);
  story_put(story, 1 + sweep % 2,
            story_format(story, "{\"id\": \"emailacct_shared\", \"_type\": \"%s\", \"send_status\": \"%d\"}",
                         sweep % 3 == 0 ? "zoom" : "google", sweep));
  if (sweep % 4 == 3)
    story_remove(story, 1, "emailacct_shared");
}

Test(evidence_time, as_of_is_what_the_tables_said) {
  struct story *story = story_create_generated(2, 15, 3);
  for (int sweep = 0; sweep < SWEEPS; sweep++) {
    story_expect_exit(story, 0, "sync", NULL);
    remember(story, sweep);
    if (sweep + 1 < SWEEPS)
      stir(story, sweep);
  }
  for (int sweep = 0; sweep < SWEEPS; sweep++) {
    const char *at = story_sql(story, story_format(story, "select at from moment_%d", sweep));
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++)
      cr_assert_str_eq(differing(story, tables[i], story_format(story, "%s_%d", tables[i], sweep), at), "0",
                       "%s after sweep %d", tables[i], sweep);
  }
  for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++)
    cr_assert_str_eq(differing(story, tables[i], tables[i], "infinity"), "0", "%s now", tables[i]);
  story_expect_sql(story, "0", "select count(*) from account_as_of('-infinity')");
  story_expect_sql(
      story, "t",
      "select count(distinct account_id) > 5 from account_change where change = 'changed' and field is not null");
  story_expect_exit(story, 0, "verify", NULL);
  story_expect_exact(story);
  story_destroy(story);
}

/* Golden case "elements re-ordered only", from Close to the history. */
Test(evidence_time, elements_in_another_order_are_no_history) {
  struct story *story = story_create(1);
  story_put(story, 1,
            "{\"id\": \"emailacct_a\", \"_type\": \"google\", \"identities\": [{\"email\": \"a@x\", \"name\": \"A\"}, "
            "{\"email\": \"b@x\", \"name\": \"B\"}], \"enabled_features\": [\"f\", \"g\"]}");
  story_expect_exit(story, 0, "sync", NULL);
  story_put(story, 1,
            "{\"enabled_features\": [\"g\", \"f\"], \"id\": \"emailacct_a\", \"_type\": \"google\", \"identities\": "
            "[{\"name\": \"B\", \"email\": \"b@x\"}, {\"email\": \"a@x\", \"name\": \"A\"}]}");
  story_expect_exit(story, 0, "sync", "--verify", NULL);
  story_expect_sql(story, "1", "select count(*) from account_history");
  story_expect_sql(story, "0",
                   "select count(*) from account_difference('-infinity', 'infinity') where change = 'changed'");
  story_destroy(story);
}

/* Golden case "a change and its reverse between two sweeps": no row, and the interval says how long it can have lasted. */
Test(evidence_time, a_change_and_its_reverse_between_two_sweeps_is_not_seen) {
  struct story *story = story_create(1);
  story_put(story, 1, "{\"id\": \"emailacct_a\", \"_type\": \"google\", \"send_status\": \"ok\"}");
  story_expect_exit(story, 0, "sync", NULL);
  story_edit(story, 1, "emailacct_a", "{\"send_status\": \"error\"}");
  story_edit(story, 1, "emailacct_a", "{\"send_status\": \"ok\"}");
  story_expect_exit(story, 0, "sync", NULL);
  story_expect_sql(story, "1", "select count(*) from account_history");
  story_expect_sql(story, "t", "select was_watching('orga_story1', from_at, until_at) from coverage");
  story_expect_sql(story, "t",
                   "select unseen_at_most('orga_story1', from_at, until_at) = until_at - from_at and until_at > "
                   "from_at from coverage");
  story_expect_sql(story, "0",
                   "select count(*) from coverage cross join lateral coverage_gap('orga_story1', coverage.from_at, "
                   "coverage.until_at)");
  story_destroy(story);
}
