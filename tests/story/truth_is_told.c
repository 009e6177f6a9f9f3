/* The checker of every story's end can fail: each kind of false row is planted into a true history, and found; and what is true
 * stays so when the clock, the account's organization or a rule's answer makes it look strange. */
#include "support/truth.h"

#include <criterion/criterion.h>
#include <string.h>

/* Four rows, all true: added, added, changed, removed. */
static struct story *true_history(void) {
  struct story *story = story_create(1);
  story_put(story, 1, "{\"id\": \"a\", \"_type\": \"google\", \"send_status\": \"ok\"}");
  story_put(story, 1, "{\"id\": \"b\", \"_type\": \"google\", \"send_status\": \"ok\"}");
  story_expect_exit(story, 0, "sync", NULL);
  story_edit(story, 1, "a", "{\"send_status\": \"error\"}");
  story_remove(story, 1, "b");
  story_expect_exit(story, 0, "sync", NULL);
  story_expect_sql(story, "4", "select count(*) from account_history");
  story_expect_truth(story);
  return story;
}

static void expect_false(struct story *story, long false_rows, const char *part) {
  struct truth truth = story_judge(story);
  if (truth.false_rows != false_rows || !strstr(truth.evidence, part))
    story_fail(story, "%ld rows are found false, not %ld with \"%s\":\n%s", truth.false_rows, false_rows, part,
               truth.evidence);
}

/* The plant is a SET of that row. */
static void plant(struct story *story, int seq, const char *set) {
  story_sql(story, story_format(story,
                                "begin; set local session_replication_role = replica;"
                                " update account_history set %s where seq = %d; commit",
                                set, seq));
}

struct forgery {
  int seq;
  const char *set;
  const char *evidence;
};

static const struct forgery FORGERIES[] = {
    {3, "not_before = observed_at - interval '1 ms'", "seq 3: a changed"}, /* it had happened before */
    {3, "not_before = observed_at", "is empty"},
    {4, "not_before = observed_at - interval '1 ms'", "seq 4: b removed"},
    {3, "observed_at = not_before + interval '1 ms'", "seq 3: a changed"}, /* it had not happened yet */
    {1, "observed_at = observed_at - interval '1 hour'", "seq 1: a added"},
    {1, "not_before = observed_at - interval '1 ms'", "seq 1: a added"},
    {4, "observed_at = not_before + interval '1 us'", "goes back"},
    {3, "document = document || '{\"send_status\": \"odd\"}'", "seq 3: a changed"}, /* it was never so */
    {2, "account_id = 'stranger'", "seq 2: stranger added"},
    {3, "change = 'removed', document = null", "seq 3: a removed"},
};

static void expect_each_found(struct story *story, const struct forgery *forgeries, size_t count) {
  story_sql(story, "create table kept as table account_history");
  for (const struct forgery *forgery = forgeries; forgery < forgeries + count; forgery++) {
    story_note(story, forgery->set);
    plant(story, forgery->seq, forgery->set);
    struct truth truth = story_judge(story);
    if (truth.false_rows == 0 || !strstr(truth.evidence, forgery->evidence))
      story_fail(story, "seq %d with %s: %ld rows are found false, without \"%s\":\n%s", forgery->seq, forgery->set,
                 truth.false_rows, forgery->evidence, truth.evidence);
    plant(
        story, forgery->seq,
        "(account_id, change, not_before, observed_at, document) = (select account_id, change, not_before, observed_at,"
        " document from kept where kept.seq = account_history.seq)");
    expect_false(story, 0, "");
  }
  story_destroy(story);
}

Test(truth_is_told, of_every_false_row) {
  expect_each_found(true_history(), FORGERIES, sizeof FORGERIES / sizeof *FORGERIES);
}

/* Nine rows, all true: without and with an address, while Close changes something else, and the address. */
static struct story *rescoped_history(void) {
  struct story *story = story_create(1);
  story_put(story, 1, "{\"id\": \"a\", \"_type\": \"google\", \"email\": \"a@x\", \"send_status\": \"ok\"}");
  story_put(story, 1, "{\"id\": \"b\", \"_type\": \"google\", \"email\": \"b@x\", \"send_status\": \"ok\"}");
  story_expect_exit(story, 0, "sync", NULL);
  story_set(story, "sync", "exclude_fields", "email");
  story_edit(story, 1, "a", "{\"send_status\": \"error\"}");
  story_expect_exit(story, 0, "sync", NULL);
  story_edit(story, 1, "a", "{\"send_status\": \"ok\"}");
  story_edit(story, 1, "a", "{\"email\": \"new@x\"}");
  story_set(story, "sync", "exclude_fields", "");
  story_expect_exit(story, 0, "sync", NULL);
  story_edit(story, 1, "b", "{\"email\": \"new@x\"}");
  story_expect_exit(story, 0, "sync", NULL);
  story_expect_sql(
      story,
      "1 a added, 2 b added, 3 a rescoped, 4 a changed, 5 b rescoped, 6 a rescoped, 7 a changed, "
      "8 b rescoped, 9 b changed",
      "select string_agg(concat_ws(' ', seq, account_id, change), ', ' order by seq) from account_history");
  story_expect_truth(story);
  return story;
}

static const struct forgery RESCOPED_FORGERIES[] = {
    {9, "document = document || '{\"email\": \"odd\"}'", "seq 9: b changed"}, /* never so, though others lack it */
    {1, "document = document || '{\"email\": \"odd\"}'", "seq 1: a added"},
    {8, "document = document || '{\"email\": \"odd\"}'", "seq 8: b rescoped"},       /* what came in was never so */
    {5, "document = document || '{\"send_status\": \"odd\"}'", "seq 5: b rescoped"}, /* nor what stayed */
    {3, "not_before = observed_at - interval '1 ms'", "seq 3: a rescoped"},          /* it was otherwise by then */
    {6, "not_before = observed_at - interval '1 ms'", "seq 6: a rescoped"},
    {6, "document = document - 'send_status'", "seq 6: a rescoped"},
    {5, "account_id = 'stranger'", "seq 5: stranger rescoped"},
};

Test(truth_is_told, of_every_false_row_under_another_setting) {
  expect_each_found(rescoped_history(), RESCOPED_FORGERIES, sizeof RESCOPED_FORGERIES / sizeof *RESCOPED_FORGERIES);
}

/* An earlier not_before, or none, says less, and nothing false. */
Test(truth_is_told, but_not_of_what_says_less) {
  struct story *story = true_history();
  plant(story, 3, "not_before = not_before - interval '1 day'");
  plant(story, 4, "not_before = null");
  expect_false(story, 0, "");
  story_spare(story, TRUTH_CHAIN, "two rows are not the ones that were written");
  story_destroy(story);
}

Test(truth_is_told, by_the_clock_that_the_database_has) {
  struct story *story = true_history();
  plant(story, 3, "not_before = not_before + interval '1 hour', observed_at = observed_at + interval '1 hour'");
  expect_false(story, 2, "seq 4: b removed"); /* observed before the row before it */
  story_spare(story, TRUTH_ALL, "a row is dated in the future");
  story_destroy(story);
}

/* What a rule says in Close's place was true while it was said. */
Test(truth_is_told, of_what_a_rule_says) {
  struct story *story = true_history();
  story_put(story, 1, "{\"id\": \"c\"}");
  story_expect_exit(story, 0, "sync", NULL);
  story_replies(story,
                "[{\"match\": {\"path\": \"/connected_account/\"}, \"body_json\": {\"has_more\": false, \"data\":"
                " [{\"id\": \"a\", \"send_status\": \"invented\"}, {\"id\": \"c\"}]}}]");
  story_expect_exit(story, 0, "sync", NULL);
  story_expect_sql(story, "invented", "select send_status from account where account_id = 'a'");
  story_replies(
      story,
      "[{\"match\": {\"path\": \"/connected_account/\"}, \"body_json\": {\"has_more\": false, \"data\":"
      " [{\"id\": \"c\"}]}}, {\"match\": {\"path\": \"/connected_account/a/\"}, \"status\": 404, \"body\": \"{}\"}]");
  story_expect_exit(story, 0, "sync", NULL);
  story_expect_sql(story, "c", "select string_agg(account_id, ' ') from account");
  story_expect_truth(story);
  plant(story, 7, "not_before = observed_at - interval '1 us'");
  expect_false(story, 1, "seq 7: a removed");
  plant(story, 7, "not_before = (select not_before from account_history where seq = 6)");
  story_spare(story, TRUTH_CHAIN, "a row is not the one that was written");
  story_destroy(story);
}
