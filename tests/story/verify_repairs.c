/* A verifying sweep makes the mirror what the documents say, whatever happened to its rows; it counts the accounts and writes no
 * history for it. It happens with --verify, when the last one is too old, and when digests or volatile fields mean something else. */
#include "support/story.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static struct story *three_samples(void) {
  struct story *story = story_create(1);
  story_load(story, 1, "recorded-shapes.json");
  story_expect_exit(story, 0, "sync", NULL);
  return story;
}

struct damage {
  const char *sql;
  const char *repaired; /* accounts */
};

#define OF(type) " where account_id = (select account_id from account_history where document ->> '_type' = '" type "')"
#define STRANGER "select organization_id, 'emailacct_stray'"

static const struct damage damages[] = {
    {"update account set send_status = 'planted'" OF("google"), "1"},
    {"update account set other = '{\"planted\": 1}', calendly = '[]'", "3"},
    {"update account set first_seen_at = first_seen_at - interval '1 day'" OF("zoom"), "1"},
    {"update account set changed_at = changed_at + interval '1 day'" OF("zoom"), "1"},
    {"delete from account" OF("google"), "1"},
    {"insert into account (organization_id, account_id, other, first_seen_at, changed_at) " STRANGER
     ", '{}', now(), now() from organization",
     "1"},
    {"delete from account_identity", "2"},
    {"update account_identity set is_default = not is_default" OF("google"), "1"},
    {"insert into account_identity " STRANGER ", 'e', 'n', true from organization", "1"},
    {"insert into account_identity select organization_id, account_id, 'planted', '', false from account", "3"},
    {"update account_mail_server set port = port + 1" OF("custom_email"), "1"},
    {"delete from account_mail_server", "2"},
    {"insert into account_mail_server (organization_id, account_id, protocol) " STRANGER ", 'smtp' from organization",
     "1"},
    {"insert into account_mail_server (organization_id, account_id, protocol) select organization_id, account_id, "
     "'pop' from account" OF("zoom"),
     "1"},
    {"update account_calendar set is_synced = not is_synced", "1"},
    {"update account_calendar set is_default = null, is_synced = null", "1"},
    {"delete from account_calendar", "1"},
    {"insert into account_calendar select organization_id, account_id, 'planted', null, null, false, true, true from "
     "account",
     "3"},
    {"insert into account_calendar " STRANGER ", 'c', null, null, false, true, true from organization", "1"},
    {"update account_feature set is_enabled = not is_enabled where feature = 'email_sending'", "2"},
    {"delete from account_feature", "2"},
    {"insert into account_feature " STRANGER ", 'f', true, true from organization", "1"},
    {"update account_digest set raw_digest = '\\x00', canonical_digest = '\\x00'", "0"},
    {"delete from account_digest", "0"},
    {"insert into account_digest " STRANGER ", '\\x00', '\\x00' from organization", "0"},
    {"update account_digest set seen_at = now()", "0"},
    {"delete from account; delete from account_digest; delete from account_identity; delete from account_calendar",
     "3"},
};

Test(verify_repairs, whatever_was_planted) {
  struct story *story = three_samples();
  static const char except[] = "coverage,sweep,organization";
  const char *before = story_dump(story, except);
  for (size_t i = 0; i < sizeof damages / sizeof *damages; i++) {
    story_sql(story, damages[i].sql);
    const struct run *run = story_expect_exit(story, 0, "sync", "--json", "--verify", NULL);
    bool is_repair = damages[i].repaired[0] != '0';
    const char *after = story_dump(story, except);
    if (strcmp(before, after) != 0)
      fprintf(stderr, "after: %s\n", damages[i].sql);
    story_expect_same(story, before, after);
    story_expect_member(story, run, "org1", "repaired", damages[i].repaired);
    story_expect_member(story, run, "org1", "outcome", is_repair ? "changed" : "unchanged");
    story_expect_member(story, run, "org1", "changed", "0");
    if (is_repair)
      story_expect_stderr(story, run, "were repaired");
  }
  story_expect_exact(story);
  story_destroy(story);
}

Test(verify_repairs, and_counts_the_accounts_in_the_sweep) {
  struct story *story = three_samples();
  const char *revision = story_sql(story, "select revision + 1 from organization");
  story_sql(story, "update account set email = 'planted@example.com'; delete from account_feature");
  story_expect_exit(story, 0, "sync", "--verify", NULL);
  story_expect_sql(
      story, "changed 3 0 0 0",
      "select concat_ws(' ', outcome, repaired, added, changed, removed) from sweep order by sweep_id desc limit 1");
  story_expect_sql(story, revision, "select revision from organization");
  story_expect_sql(story, "t", "select last_verified_at > last_changed_at from organization");
  story_expect_exact(story);
  const struct run *run = story_expect_exit(story, 0, "sync", "--json", "--verify", NULL);
  story_expect_member(story, run, "org1", "repaired", "0");
  story_expect_sql(story, revision, "select revision from organization");
  story_destroy(story);
}

/* Plants damage that only a verifying sweep finds, then expects that the next plain one is such. */
static void expect_next_verifies(struct story *story, bool verifies) {
  story_sql(story, "update account set email = 'planted@example.com' where type = 'zoom'");
  const struct run *run = story_expect_exit(story, 0, "sync", "--json", NULL);
  story_expect_member(story, run, "org1", "repaired", verifies ? "1" : "0");
}

Test(verify_repairs, when_it_is_due) {
  struct story *story = three_samples();
  expect_next_verifies(story, false);
  story_sql(story, "update organization set last_verified_at = now() - interval '59 minutes'");
  expect_next_verifies(story, false);
  story_sql(story, "update organization set last_verified_at = now() - interval '61 minutes'");
  expect_next_verifies(story, true);
  story_expect_sql(story, "t", "select last_verified_at > now() - interval '1 minute' from organization");
  story_sql(story, "update organization set digest_version = digest_version - 1");
  expect_next_verifies(story, true);
  expect_next_verifies(story, false);
  story_set(story, "sync", "volatile_fields", "lead_suggestions_updated_at, latest_send_error");
  expect_next_verifies(story, true);
  story_set(story, "sync", "verify_interval", "1s");
  story_sql(story, "select pg_sleep(1.1)");
  expect_next_verifies(story, true);
  story_expect_mirror(story, 1);
  cr_assert_eq(story_count(story, "select count(*) from account_history"), 3);
  story_destroy(story);
}

Test(verify_repairs, not_in_an_incomplete_sweep) {
  struct story *story = three_samples();
  story_sql(story, "update organization set last_verified_at = now() - interval '2 hours'");
  const char *verified_at = story_sql(story, "select last_verified_at from organization");
  story_sql(story, "insert into account_feature " STRANGER ", 'f', true, true from organization");
  story_replies(story, "[{\"match\": {\"path\": \"/connected_account/\", \"skip\": 0}, \"has_more\": \"true\"},"
                       " {\"match\": {\"path\": \"/connected_account/\", \"skip\": 3}, \"serve_skip\": 0}]");
  const struct run *run = story_expect_exit(story, 1, "sync", "--json", NULL);
  story_expect_member(story, run, "org1", "outcome", "incomplete");
  story_expect_sql(story, verified_at, "select last_verified_at from organization");
  story_expect_sql(story, "1", "select count(*) from account_feature where account_id = 'emailacct_stray'");
  story_replies(story, "[]");
  run = story_expect_exit(story, 0, "sync", "--json", NULL);
  story_expect_member(story, run, "org1", "repaired", "1");
  story_expect_exact(story);
  story_destroy(story);
}
