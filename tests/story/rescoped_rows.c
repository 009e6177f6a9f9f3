/* Rows that say no more than that another sync.exclude_fields asked (contract 7), where they meet the guard, an incomplete sweep and
 * pruning. */
#include "support/story.h"

#include <criterion/criterion.h>

static struct story *story_of(int accounts) {
  struct story *story = story_create(1);
  for (int i = 1; i <= accounts; i++)
    story_put(story, 1,
              story_format(story,
                           "{\"id\": \"a%d\", \"_type\": \"google\", \"email\": \"a%d@x\", \"send_status\": \"ok\"}", i,
                           i));
  story_expect_exit(story, 0, "sync", NULL);
  return story;
}

static void exclude(struct story *story, const char *fields) { story_set(story, "sync", "exclude_fields", fields); }

static const struct run *expect(struct story *story, int status, const char *outcome, const char *rescoped) {
  const struct run *run = story_expect_exit(story, status, "sync", "--json", NULL);
  story_expect_member(story, run, "org1", "outcome", outcome);
  story_expect_member(story, run, "org1", "rescoped", rescoped);
  story_expect_member(story, run, "org1", "changed", "0");
  story_expect_member(story, run, "org1", "removed", "0");
  return run;
}

/* What is listed is rescoped; what is held back stays as it was asked for, and is rescoped when it is back. */
Test(rescoped_rows, of_a_guarded_sweep) {
  struct story *story = story_of(12);
  for (int i = 1; i <= 5; i++)
    story_remove(story, 1, story_format(story, "a%d", i));
  exclude(story, "email");
  expect(story, 3, "guarded", "7");
  expect(story, 3, "guarded", "0");
  story_expect_sql(story, "5 with, 7 without",
                   "select count(email) || ' with, ' || count(*) - count(email) || ' without' from account");
  story_expect_sql(story, "5", "select count(*) from account_digest where excluded_fields = '{}'");
  story_expect_exit(story, 0, "verify", NULL);
  for (int i = 1; i <= 4; i++)
    story_put(story, 1,
              story_format(story,
                           "{\"id\": \"a%d\", \"_type\": \"google\", \"email\": \"a%d@x\", \"send_status\": \"ok\"}", i,
                           i));
  const struct run *run = story_expect_exit(story, 0, "sync", "--json", NULL);
  story_expect_member(story, run, "org1", "rescoped", "4");
  story_expect_member(story, run, "org1", "changed", "0");
  story_expect_member(story, run, "org1", "removed", "1");
  story_expect_exact(story);
  story_expect_exit(story, 0, "verify", NULL);
  story_destroy(story);
}

/* The same of an account whose removal is not proven. */
Test(rescoped_rows, of_an_incomplete_sweep) {
  struct story *story = story_of(3);
  story_remove(story, 1, "a1");
  story_replies(story, "[{\"match\": {\"path_prefix\": \"/connected_account/a1\"}, \"status\": 403}]");
  exclude(story, "email");
  expect(story, 1, "incomplete", "2");
  story_expect_sql(story, "incomplete 2",
                   "select outcome || ' ' || rescoped from sweep order by sweep_id desc limit 1");
  story_expect_sql(story, "t", "select excluded_fields = '{}' from organization");
  expect(story, 1, "incomplete", "0");
  story_replies(story, "[]");
  story_put(story, 1, "{\"id\": \"a1\", \"_type\": \"google\", \"email\": \"a1@x\", \"send_status\": \"ok\"}");
  expect(story, 0, "changed", "1");
  story_expect_exact(story);
  story_expect_exit(story, 0, "verify", NULL);
  story_destroy(story);
}

static void expect_at(struct story *story, int version, const char *told) {
  story_note(story, story_format(story, "version %d", version));
  story_expect_sql(
      story, told,
      story_format(
          story,
          "select concat_ws(' ', told.email, server.host, told.first_seen_at = account.first_seen_at, "
          "told.changed_at = account.changed_at) "
          "from account_history as past "
          "cross join lateral account_as_of(past.observed_at) as told "
          "left join lateral account_mail_server_as_of(past.observed_at) as server on server.protocol = 'smtp' "
          "cross join account where past.version = %d",
          version));
}

/* Of four rows the first is pruned: three that are all rescoped tell each its own time, and all when Close changed something last. */
Test(rescoped_rows, of_which_the_first_are_pruned) {
  struct story *story = story_create(1);
  story_put(story, 1, "{\"id\": \"a\", \"_type\": \"google\", \"email\": \"a@x\", \"smtp\": {\"host\": \"h\"}}");
  story_expect_exit(story, 0, "sync", NULL);
  exclude(story, "email");
  story_expect_exit(story, 0, "sync", NULL);
  exclude(story, "");
  story_expect_exit(story, 0, "sync", NULL);
  exclude(story, "smtp");
  story_expect_exit(story, 0, "sync", NULL);
  story_expect_sql(
      story, "1",
      "select count(*) from prune_history(now() - (select observed_at + interval '1 us' from account_history "
      "where version = 2), 'orga_story1')");
  story_expect_sql(story, "2 rescoped, 3 rescoped, 4 rescoped",
                   "select string_agg(version || ' ' || change, ', ' order by version) from account_history");
  story_expect_sql(story, "t", "select changed_at < (select min(observed_at) from account_history) from account");
  story_expect_exit(story, 0, "verify", NULL);
  expect_at(story, 3, "a@x h t t");
  expect_at(story, 4, "a@x t t");
  story_expect_sql(
      story, "h t t",
      "select concat_ws(' ', email, host, first_seen_at = (select first_seen_at from account), changed_at = "
      "(select changed_at from account)) from organization_status cross join lateral "
      "account_as_of(answers_from) left join account_mail_server_as_of(answers_from) using (account_id)");
  story_expect_sql(
      story, "rescoped email \"a@x\", rescoped smtp.host ",
      "select string_agg(concat_ws(' ', change, field, '') || coalesce(new_value::text, ''), ', ' order by field) "
      "from organization_status cross join lateral account_difference(answers_from, 'infinity')");
  story_expect_sql(story, "0", "select sum(added + changed + removed) from organization_day");
  const struct run *run = story_expect_exit(story, 0, "sync", "--verify", "--json", NULL);
  story_expect_member(story, run, "org1", "outcome", "unchanged");
  story_destroy(story);
}
