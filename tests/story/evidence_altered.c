/* The only two ways to alter the history: `erase` leaves tombstones with a ledger, `prune` leaves what time travel needs; after both
 * the history is still proven, goes on, and an older head says so. */
#include "support/story.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static void put(struct story *story, int organization, const char *name, const char *user) {
  story_put(story, organization,
            story_format(
                story,
                "{\"id\": \"emailacct_%s\", \"_type\": \"google\", \"email\": \"%s@example.com\", \"user_id\": \"%s\", "
                "\"send_status\": \"ok\", \"enabled_features\": [\"email_sending\"]}",
                name, name, user));
}

static void sync_all(struct story *story) { story_expect_exit(story, 0, "sync", NULL); }

static void expect_out(struct story *story, const struct run *run, const char *part) {
  if (strstr(run->out, part) == NULL)
    story_fail(story, "expected \"%s\" on stdout", part);
}

static const char *keep_head(struct story *story) {
  const char *path = story_format(story, "%s/head", story_directory(story));
  const struct run *run = story_expect_exit(story, 0, "verify", "--head", NULL);
  FILE *file = fopen(path, "we");
  cr_assert(file != NULL && fputs(run->out, file) >= 0 && fclose(file) == 0);
  return path;
}

Test(evidence_altered, an_account_is_erased_when_it_is_gone) {
  struct story *story = story_create(2);
  put(story, 1, "shared", "user_1");
  put(story, 2, "shared", "user_2");
  put(story, 1, "stays", "user_1");
  sync_all(story);
  const char *head = keep_head(story);
  const struct run *run = story_expect_exit(story, 1, "erase", "--account", "emailacct_shared", NULL);
  cr_assert(strstr(run->err, "is still at Close: disconnect it there") != NULL);
  story_remove(story, 1, "emailacct_shared");
  story_remove(story, 2, "emailacct_shared");
  sync_all(story);
  run = story_expect_exit(story, 0, "erase", "--account", "emailacct_shared", "--reason", "case 7", NULL);
  expect_out(story, run, "org1  erased 1 documents of 1 accounts, 0 rejected entries (erasure 1)");
  expect_out(story, run, "org2  erased 1 documents of 1 accounts, 0 rejected entries (erasure 1)");
  story_expect_sql(story, "0", "select count(*) from account_history where document::text like '%shared@example.com%'");
  story_expect_sql(story, "case 7", "select reason from erasure where organization_id = 'orga_story1'");
  story_expect_sql(
      story,
      "{\"id\": \"emailacct_shared\", \"_type\": \"google\", \"send_status\": \"ok\", \"enabled_features\": "
      "[\"email_sending\"]}",
      "select document from account_history where account_id = 'emailacct_shared' and change = 'added' and "
      "organization_id = 'orga_story1'");
  story_expect_exit(story, 0, "verify", "--since", head, NULL);
  run = story_expect_exit(story, 0, "erase", "--account", "emailacct_shared", NULL);
  expect_out(story, run, "nothing to erase");
  /* It comes back: the history goes on behind the tombstone. */
  put(story, 1, "shared", "user_1");
  sync_all(story);
  story_expect_sql(story, "3", "select max(version) from account_history where account_id = 'emailacct_shared'");
  story_expect_exit(story, 0, "verify", "--since", head, NULL);
  story_expect_mirror(story, 1);
  story_destroy(story);
}

Test(evidence_altered, a_user_is_erased_from_the_rows_that_name_him) {
  struct story *story = story_create(1);
  put(story, 1, "kept", "user_old");
  put(story, 1, "gone", "user_old");
  put(story, 1, "other", "user_other");
  sync_all(story);
  story_expect_exit(story, 1, "erase", "--user", "user_old", NULL);
  story_edit(story, 1, "emailacct_kept", "{\"user_id\": \"user_new\"}");
  story_remove(story, 1, "emailacct_gone");
  sync_all(story);
  story_sql(story, "insert into rejected_account values ('orga_story1', 'f', null, 'why', '{\"user_id\": "
                   "\"user_old\"}', now(), now())");
  const struct run *run = story_expect_exit(story, 0, "erase", "--user", "user_old", NULL);
  expect_out(story, run, "org1  erased 2 documents of 2 accounts, 1 rejected entries (erasure 1)");
  story_expect_sql(story, "0", "select count(*) from account_history where document::text like '%user_old%'");
  story_expect_sql(story, "0", "select count(*) from rejected_account");
  story_expect_sql(story, "2",
                   "select count(*) from account_history where document_salt is not null and change <> 'removed'");
  story_expect_exit(story, 0, "verify", NULL);
  sync_all(story);
  story_expect_sql(story, "5", "select count(*) from account_history");
  story_expect_exit(story, 1, "erase", "--organization", "orga_story1", NULL);
  story_remove(story, 1, "emailacct_kept");
  story_remove(story, 1, "emailacct_other");
  story_expect_exit(story, 0, "sync", "--allow-removals", NULL);
  story_expect_exit(story, 0, "erase", "--organization", "orga_story1", NULL);
  story_expect_sql(story, "0",
                   "select count(*) from account_history where document_salt is not null and change <> 'removed'");
  story_expect_exit(story, 0, "verify", NULL);
  story_destroy(story);
}

/* What is gone from one organization need not wait until another is rid of the same id. */
Test(evidence_altered, one_organization_is_erased_from_alone) {
  struct story *story = story_create(2);
  for (int i = 1; i <= 2; i++) {
    put(story, i, "shared", "user_1");
    put(story, i, "other", "user_2");
  }
  sync_all(story);
  story_remove(story, 1, "emailacct_shared");
  sync_all(story);
  story_expect_exit(story, 1, "erase", "--account", "emailacct_shared", NULL);
  story_expect_exit(story, 1, "erase", "--user", "user_1", NULL);
  const struct run *run =
      story_expect_exit(story, 1, "erase", "--account", "emailacct_shared", "--organization", "orga_story2", NULL);
  story_expect_stderr(story, run, "of organization \"org2\" is still at Close");
  run = story_expect_exit(story, 1, "erase", "--user", "user_2", "--organization", "orga_story1", NULL);
  story_expect_stderr(story, run, "the account \"emailacct_other\" of organization \"org1\" is still at Close");
  run = story_expect_exit(story, 0, "erase", "--account", "emailacct_shared", "--organization", "orga_story1", NULL);
  expect_out(story, run, "org1  erased 1 documents of 1 accounts, 0 rejected entries (erasure 1)");
  story_expect_sql(story, "orga_story1", "select string_agg(organization_id, ',') from erasure");
  story_expect_sql(story, "orga_story1 emailacct_shared",
                   "select organization_id || ' ' || account_id from account_history where change = 'added' and "
                   "document_salt is null");
  /* Nothing there names the user any more. */
  run = story_expect_exit(story, 1, "erase", "--user", "user_1", "--organization", "orga_story1", NULL);
  story_expect_stderr(story, run, "nobody knows this ID");
  story_expect_exit(story, 0, "verify", NULL);
  story_destroy(story);
}

Test(evidence_altered, usage) {
  struct story *story = story_create(1);
  story_expect_exit(story, 64, "erase", NULL);
  story_expect_exit(story, 64, "erase", "--user", "", NULL);
  story_expect_exit(story, 64, "erase", "--user", "u", "--account", "a", NULL);
  story_expect_exit(story, 64, "erase", "--user", "u", "--account", "a", "--organization", "o", NULL);
  story_expect_exit(story, 64, "erase", "--account", "a", "--organization", "", NULL);
  story_expect_exit(story, 64, "erase", "--user", "u", "org1", NULL);
  story_expect_exit(story, 64, "prune", "org1", NULL);
  story_expect_exit(story, 64, "verify", "nobody", NULL);
  story_expect_exit(story, 64, "verify", "--since", "/nonexistent", NULL);
  story_expect_exit(story, 64, "verify", "--since", "/dev/null", NULL);
  story_expect_exit(story, 64, "verify", "--head", "--since", "/dev/null", NULL);
  story_expect_exit(story, 64, "migrate", "prefix", NULL);
  /* Without a schema there is nothing to prove, and nobody knows anything. */
  story_expect_exit(story, 0, "verify", NULL);
  story_expect_exit(story, 1, "erase", "--user", "u", NULL);
  story_expect_exit(story, 1, "erase", "--user", "u", "--organization", "o", NULL);
  expect_out(story, story_expect_exit(story, 0, "prune", NULL), "history.retention is forever");
  expect_out(story, story_expect_exit(story, 0, "verify", "org1", NULL), "org1  never reached");
  static const char *const formats[] = {"--json", "--head"}; /* for programs, and files of heads */
  for (int i = 0; i < 2; i++) {
    const struct run *run = story_expect_exit(story, 0, "verify", formats[i], "org1", NULL);
    cr_assert_str_empty(run->out);
    story_expect_stderr(story, run, "org1: never reached");
  }
  story_set(story, "history", "retention", "1d");
  expect_out(story, story_expect_exit(story, 0, "prune", NULL), "nothing to prune");
  sync_all(story);
  story_expect_sql(story, "0", "select count(*) from verify_history('orga_story1')");
  story_destroy(story);
}

Test(evidence_altered, history_is_pruned_by_the_retention) {
  struct story *story = story_create(1);
  put(story, 1, "a", "user_1");
  put(story, 1, "b", "user_1");
  put(story, 1, "c", "user_1");
  sync_all(story);
  const char *first = story_sql(story, "select max(observed_at) from account_history");
  story_edit(story, 1, "emailacct_a", "{\"send_status\": \"error\"}");
  sync_all(story);
  story_remove(story, 1, "emailacct_b");
  sync_all(story);
  const char *head = keep_head(story);
  const char *before = story_dump(story, STORY_BOOKKEEPING ",account_history,history_anchor,pruned_account");
  story_set(story, "history", "retention", "1s");
  story_await_sql(story, "t", "select max(observed_at) < clock_timestamp() - interval '1.1 s' from account_history",
                  5000);
  const struct run *run = story_expect_exit(story, 0, "prune", NULL);
  expect_out(story, run, "org1  dropped 3 rows up to seq 5, carried 2; time travel answers from ");
  story_expect_same(story, before,
                    story_dump(story, STORY_BOOKKEEPING ",account_history,history_anchor,pruned_account"));
  story_expect_exit(story, 0, "verify", NULL);
  expect_out(story, story_expect_exit(story, 0, "prune", NULL), "nothing to prune");
  run = story_expect_exit(story, 0, "verify", "--since", head, NULL);
  cr_assert(strstr(run->err, "forged") == NULL && strstr(run->err, "anew") == NULL);
  /* The newest row is gone (a removal), and yet the next one follows it. */
  story_expect_sql(story, "4", "select max(seq) from account_history");
  put(story, 1, "d", "user_1");
  sync_all(story);
  story_expect_sql(story, "6", "select max(seq) from account_history");
  story_expect_exit(story, 0, "verify", "--since", head, NULL);
  /* Of b no row was left, and yet its versions go on. */
  story_expect_sql(story, "emailacct_b 2", "select string_agg(account_id || ' ' || version, ',') from pruned_account");
  put(story, 1, "b", "user_1");
  sync_all(story);
  story_expect_sql(story, "added 3",
                   "select change || ' ' || version from account_history where account_id = "
                   "'emailacct_b'");
  story_expect_exit(story, 0, "verify", "--since", head, NULL);
  story_expect_exit(story, 0, "sync", "--verify", NULL);
  story_expect_sql(story, "0", "select count(*) from sweep where repaired > 0");
  story_expect_sql(
      story, "0",
      "select count(*) from (select * from account except select * from account_as_of('infinity')) as differing");
  story_expect_sql(
      story, "refused",
      story_format(story,
                   "create function pg_temp.ask() returns text language plpgsql as $$ begin perform * from "
                   "account_as_of('%s'); return 'answered'; exception when sqlstate 'CS005' then return 'refused'; "
                   "end $$; select pg_temp.ask()",
                   first));
  story_destroy(story);
}

/* When an account came, nobody but its mirror row knows once that row of the history is pruned: at the latest by the oldest one left. */
Test(evidence_altered, after_a_prune_a_lost_first_seen_at_is_found_and_mended) {
  static const struct {
    const char *damage, *found;
  } rows[] = {
      {"update account set first_seen_at = first_seen_at + interval '1 day' where account_id = 'emailacct_a'",
       "account account emailacct_a: differs from the document in first_seen_at"},
      {"delete from account where account_id = 'emailacct_a'",
       "account account emailacct_a: a row of the document is missing"},
  };
  struct story *story = story_create(1);
  put(story, 1, "a", "user_1");
  put(story, 1, "b", "user_1");
  sync_all(story);
  const char *first = story_sql(story, "select max(observed_at) from account_history");
  story_edit(story, 1, "emailacct_a", "{\"send_status\": \"error\"}");
  sync_all(story);
  story_await_sql(story, "t", "select max(observed_at) < clock_timestamp() - interval '1.1 s' from account_history",
                  5000);
  story_set(story, "history", "retention", "1s");
  story_expect_exit(story, 0, "prune", NULL);
  story_expect_exit(story, 0, "sync", "--verify", NULL);
  story_expect_sql(story, first, "select first_seen_at from account where account_id = 'emailacct_a'");
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    story_sql(story, rows[i].damage);
    story_expect_stderr(story, story_expect_exit(story, 1, "verify", NULL), rows[i].found);
    story_expect_exit(story, 0, "sync", "--verify", NULL);
    story_expect_exit(story, 0, "verify", NULL);
    story_expect_sql(story, "t",
                     "select first_seen_at = (select min(observed_at) from account_history where account_id = "
                     "'emailacct_a') from account where account_id = 'emailacct_a'");
    story_expect_sql(
        story, "0",
        "select count(*) from (select * from account except select * from account_as_of('infinity')) as differing");
  }
  story_destroy(story);
}

Test(evidence_altered, what_pruning_remembers_is_erased_too) {
  struct story *story = story_create(1);
  put(story, 1, "a", "user_1");
  put(story, 1, "gone", "user_1");
  sync_all(story);
  story_remove(story, 1, "emailacct_gone");
  sync_all(story);
  story_await_sql(story, "t", "select max(observed_at) < clock_timestamp() - interval '1.1 s' from account_history",
                  5000);
  story_set(story, "history", "retention", "1s");
  story_expect_exit(story, 0, "prune", NULL);
  story_expect_sql(story, "1", "select count(*) from pruned_account");
  const struct run *run = story_expect_exit(story, 0, "erase", "--account", "emailacct_gone", NULL);
  expect_out(story, run, "org1  erased 0 documents of 1 accounts, 0 rejected entries");
  cr_assert(strstr(run->out, "nothing to erase") == NULL);
  story_expect_sql(story, "0", "select count(*) from pruned_account");
  run = story_expect_exit(story, 1, "erase", "--account", "emailacct_gone", NULL);
  story_expect_stderr(story, run, "nobody knows this ID");
  cr_assert_str_empty(run->out);
  story_expect_exit(story, 1, "erase", "--user", "usr_1", NULL);
  story_expect_exit(story, 1, "erase", "--organization", "orga_strory1", NULL);
  story_sql(story, "insert into member (organization_id, user_id, first_seen_at, changed_at) "
                   "values ('orga_story1', 'user_m', now(), now())");
  story_expect_exit(story, 0, "erase", "--user", "user_m", NULL);
  expect_out(story, story_expect_exit(story, 0, "erase", "--user", "user_m", NULL), "nothing to erase");
  story_expect_exit(story, 0, "verify", NULL);
  story_destroy(story);
}

/* What ends it at one organization leaves the ones before it pruned: no sweep waits for all of them. */
Test(evidence_altered, each_organization_is_pruned_by_itself) {
  struct story *story = story_create(3);
  for (int i = 1; i <= 3; i++)
    put(story, i, "a", "user_1");
  sync_all(story);
  for (int i = 1; i <= 3; i++)
    story_edit(story, i, "emailacct_a", "{\"send_status\": \"error\"}");
  sync_all(story);
  story_await_sql(story, "t", "select max(observed_at) < clock_timestamp() - interval '1.1 s' from account_history",
                  5000);
  story_set(story, "history", "retention", "1s");
  story_sql(story, "alter table history_anchor add constraint not_this check (organization_id <> 'orga_story2')");
  const struct run *run = story_expect_exit(story, 1, "prune", NULL);
  story_expect_stderr(story, run, "not_this");
  expect_out(story, run, "org1  dropped 1 rows up to seq 2, carried 1");
  story_expect_sql(story, "orga_story1", "select string_agg(organization_id, ',') from history_anchor");
  story_sql(story, "alter table history_anchor drop constraint not_this");
  run = story_expect_exit(story, 0, "prune", NULL);
  expect_out(story, run, "org2  dropped 1 rows");
  expect_out(story, run, "org3  dropped 1 rows");
  story_expect_exit(story, 0, "verify", NULL);
  story_destroy(story);
}

Test(evidence_altered, an_older_head_says_pruned_and_not_forged) {
  struct story *story = story_create(1);
  put(story, 1, "a", "user_1");
  sync_all(story);
  const char *head = keep_head(story);
  story_edit(story, 1, "emailacct_a", "{\"send_status\": \"error\"}");
  sync_all(story);
  story_await_sql(story, "t", "select max(observed_at) < clock_timestamp() - interval '1.1 s' from account_history",
                  5000);
  story_set(story, "history", "retention", "1s");
  story_expect_exit(story, 0, "prune", NULL);
  const struct run *run = story_expect_exit(story, 0, "verify", "--json", "--since", head, NULL);
  story_expect_member(story, run, "org1", "proven", "true");
  expect_out(story, run, "\"problem\": \"pruned: the history goes back to seq 2\"");
  story_destroy(story);
}
