/* Accounts of every shape that JSON allows: ids that are paths, texts that are no text, elements too long for an index,
 * accounts of a thousand calendars. Each is mirrored, none stops another. */
#include "support/scene.h"
#include "support/truth.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct run *expect(struct story *story, int exit_status, const char *outcome) {
  const struct run *run = story_expect_exit(story, exit_status, "sync", "--json", NULL);
  story_expect_member(story, run, "org1", "outcome", outcome);
  return run;
}

/* Mirrors what the simulator has, and again: nothing may look changed. */
static void expect_settled(struct story *story) {
  expect(story, 0, "changed");
  const char *before = story_dump(story, STORY_BOOKKEEPING ",field_drift.last_seen_at,rejected_account.last_seen_at");
  expect(story, 0, "unchanged");
  const struct run *run = story_expect_exit(story, 0, "sync", "--json", "--verify", NULL);
  story_expect_member(story, run, "org1", "repaired", "0");
  story_expect_same(story, before,
                    story_dump(story, STORY_BOOKKEEPING ",field_drift.last_seen_at,rejected_account.last_seen_at"));
  story_expect_history(story);
}

/* Ids as they stand inside a JSON string. */
static const char *const ids[] = {
    "a/b",
    "../../me",
    "..",
    ".",
    "/",
    "%",
    "%2e%2e",
    "%zz",
    "a b",
    "a\\\"b",
    "a'b",
    "a\\\\b",
    "{a,b}",
    "{}",
    "NULL",
    "a?b=c#d",
    "a+b&c",
    "a\\nb\\tc",
    "\\u0001\\u007f",
    "\\u00fc\\u4e2d\\ud83d\\ude00",
    "\\u202eabc",
    "cafe\\u0301",
    "caf\\u00e9",
    "emailacct_1",
    "EMAILACCT_1",
    "emailacct_1 ",
    "0",
    "null",
    "-",
    "$1",
    "@me",
};

enum { IDS = sizeof ids / sizeof ids[0] };

/* Listed, hidden but there, then gone: a stranger's 404 is no proof, its own is. */
Test(hostile_account, ids_of_all_kinds) {
  struct story *story = story_create(2);
  for (int i = 0; i < IDS; i++)
    story_put_as(story, 1, NULL, story_format(story, "{\"id\": \"%s\", \"organization_id\": \"orga_story1\"}", ids[i]),
                 true);
  story_put(story, 1, "{\"id\": \"the last one\", \"organization_id\": \"orga_story1\"}");
  expect_settled(story);
  story_expect_exact(story);
  const char *all = story_truth(story, 1);
  story_replies(story,
                "[{\"match\": {\"key\": \"api_story_1\", \"path\": \"/connected_account/\"}, \"body\": \"{"
                "\\\"data\\\": [{\\\"id\\\": \\\"the last one\\\", \\\"organization_id\\\": \\\"orga_story1\\\"}], "
                "\\\"has_more\\\": false}\"}]");
  const struct run *run = story_expect_exit(story, 0, "sync", "--json", "--allow-removals", "org1", NULL);
  story_expect_member(story, run, "org1", "outcome", "unchanged");
  story_expect_exact(story);
  cr_assert_str_eq(all, story_truth(story, 1));
  story_accounts(story, 1, "[{\"id\": \"the last one\", \"organization_id\": \"orga_story1\"}]");
  story_replies(story, "[]");
  run = story_expect_exit(story, 0, "sync", "--json", "--allow-removals", "org1", NULL);
  story_expect_member(story, run, "org1", "removed", story_format(story, "%d", IDS));
  story_expect_exact(story);
  story_destroy(story);
}

/* The base64 of {"id": "b", "organization_id": "orga_story1", "email": "\xff\xc0\x80\xed\xa0\x80x"} */
static const char NO_UTF8[] =
    "{\"raw_base64\": \"eyJpZCI6ICJiIiwgIm9yZ2FuaXphdGlvbl9pZCI6ICJvcmdhX3N0b3J5MSIsICJlbWFpbCI6ICL/"
    "wIDtoIB4In0=\", \"id\": \"b\"}";

Test(hostile_account, texts_that_are_no_text) {
  struct story *story = story_create(2);
  story_accounts(
      story, 1,
      story_format(
          story,
          "[{\"raw\": \"{\\\"id\\\": \\\"a\\\", \\\"organization_id\\\": \\\"orga_story1\\\", \\\"email\\\": "
          "\\\"x\\\\u0000y\\\", \\\"_type\\\": \\\"\\\\ud800\\\", \\\"user_id\\\": \\\"\\\\udc00\\\\ud800z\\\", "
          "\\\"k\\\\u0000\\\": 1}\"}, %s, {\"raw\": \"{\\\"id\\\": \\\"c\\\", \\\"organization_id\\\": "
          "\\\"orga_story1\\\", \\\"email\\\": \\\"a\\u0001\\u0009b\\\"}\"}, {\"id\": \"d\", \"organization_id\": "
          "\"orga_story1\"}]",
          NO_UTF8));
  expect_settled(story);
  story_expect_sql(story, "x\xEF\xBF\xBDy", "select email from account where account_id = 'a'");
  story_expect_sql(story, "\xEF\xBF\xBD", "select type from account where account_id = 'a'");
  story_expect_sql(story, "\xEF\xBF\xBD\xEF\xBF\xBDz", "select user_id from account where account_id = 'a'");
  story_expect_sql(story, "{\"k\xEF\xBF\xBD\": 1}", "select other from account where account_id = 'a'");
  story_expect_sql(story, "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBDx",
                   "select email from account where account_id = 'b'");
  story_expect_sql(story, "a\001\tb", "select email from account where account_id = 'c'");
  story_expect_sql(story, "4", "select count(*) from account");
  story_expect_sql(story, "0", "select count(*) from rejected_account");
  story_spare(story, TRUTH_MIRROR, "the oracle reads JSON alone");
  story_destroy(story);
}

/* In both the last one counts, and the first gate must not be fooled by the other. */
Test(hostile_account, keys_given_twice) {
  struct story *story = story_create(2);
  story_accounts(
      story, 1,
      "[{\"raw\": \"{\\\"id\\\": \\\"a\\\", \\\"id\\\": \\\"b\\\", \\\"organization_id\\\": \\\"orga_story1\\\", "
      "\\\"email\\\": \\\"1\\\", \\\"email\\\": \\\"2\\\", \\\"smtp\\\": {\\\"port\\\": 1, \\\"port\\\": 2}}\", "
      "\"id\": \"b\"}, {\"raw\": \"{\\\"id\\\": \\\"c\\\", \\\"\\\\u0069d\\\": \\\"d\\\", \\\"organization_id\\\": "
      "\\\"orga_story1\\\"}\", \"id\": \"d\"}, {\"id\": \"c\", \"organization_id\": \"orga_story1\"}]");
  expect_settled(story);
  story_expect_sql(story, "b c d", "select string_agg(account_id, ' ' order by account_id) from account");
  story_expect_sql(story, "2", "select email from account where account_id = 'b'");
  story_expect_sql(story, "2", "select port from account_mail_server where account_id = 'b'");
  story_destroy(story);
}

/* Elements that an index cannot hold stay whole in `other`; of one key with two contents the first makes the row. */
Test(hostile_account, elements_too_long_equal_and_in_conflict) {
  struct story *story = story_create(2);
  char fits[501], too_long[502];
  memset(fits, 'f', sizeof fits);
  memset(too_long, 't', sizeof too_long);
  fits[500] = too_long[501] = '\0';
  story_accounts(
      story, 1,
      story_format(
          story,
          "[{\"id\": \"a\", \"organization_id\": \"orga_story1\", \"identities\": [{\"email\": \"%s\"}, {\"email\": "
          "\"%s\"}, {\"email\": \"e\", \"name\": \"n\"}, {\"name\": \"n\", \"email\": \"e\"}, {\"email\": \"e\", "
          "\"name\": \"n\", \"more\": 1}], \"available_calendars\": [{\"id\": \"%s\"}, {\"id\": \"%s\"}, {\"id\": "
          "\"c\", \"name\": \"1\"}, {\"id\": \"c\", \"name\": \"2\"}, {\"id\": \"c\", \"name\": \"1\"}], "
          "\"synced_calendars\": [\"%s\", \"c\", \"c\"], \"available_features\": [\"%s\", \"%s\", \"f\", \"f\"]}]",
          fits, too_long, fits, too_long, too_long, fits, too_long));
  expect_settled(story);
  story_expect_sql(story, "2", "select count(*) from account_identity");
  story_expect_sql(story, "2", "select count(*) from account_calendar");
  story_expect_sql(story, "2", "select count(*) from account_feature");
  story_expect_sql(story, "2", "select jsonb_array_length(other -> 'identities[]') from account");
  story_expect_sql(story, "2", "select jsonb_array_length(other -> 'available_calendars[]') from account");
  story_expect_sql(story, "1", "select jsonb_array_length(other -> 'synced_calendars[]') from account");
  story_expect_sql(story, "1", "select jsonb_array_length(other -> 'available_features[]') from account");
  story_expect_sql(story,
                   "available_calendars[] available_features[] identities[] identities[].more synced_calendars[]",
                   "select string_agg(path, ' ' order by path) from field_drift");
  story_destroy(story);
}

/* Names of fields as long as you like: field_drift shortens them, `other` does not. */
Test(hostile_account, long_names) {
  struct story *story = story_create(2);
  char name[10001];
  memset(name, 'n', sizeof name);
  name[10000] = '\0';
  story_put(story, 1,
            story_format(story,
                         "{\"id\": \"a\", \"organization_id\": \"orga_story1\", \"%s\": 1, \"smtp\": {\"%s\": "
                         "2}, \"email\": \"%s\", \"_type\": \"%s\"}",
                         name, name, name, name));
  expect_settled(story);
  story_expect_sql(story, "2", "select count(*) from field_drift where octet_length(path) <= 500");
  story_expect_sql(story, "10000", "select length(type) from account");
  story_expect_exact(story);
  story_destroy(story);
}

Test(hostile_account, a_thousand_calendars) {
  struct story *story = story_create(2);
  char *text = NULL;
  size_t length = 0;
  FILE *out = open_memstream(&text, &length);
  fprintf(out, "{\"id\": \"a\", \"organization_id\": \"orga_story1\", \"available_calendars\": [");
  for (int i = 0; i < 1000; i++)
    fprintf(out,
            "%s{\"id\": \"calendar_%d@group.calendar.google.com\", \"name\": \"Calendar %d\", \"status\": \"ok\", "
            "\"default\": false, \"synced\": true}",
            i > 0 ? ", " : "", i, i);
  fprintf(out, "], \"synced_calendars\": []}");
  fclose(out);
  story_put(story, 1, text);
  free(text);
  expect_settled(story);
  story_expect_sql(story, "1000", "select count(*) from account_calendar where not is_synced");
  story_expect_exact(story);
  story_destroy(story);
}

/* The type is a field like any other: the rows follow it, the account stays the same one. */
Test(hostile_account, that_changes_its_type) {
  static const char *const types[] = {"\"zoom\"", "\"microsoft\"", "\"calendly\"", "\"never heard of\"", "null", "7"};
  struct story *story = story_create(2);
  story_load(story, 1, "recorded-shapes.json");
  expect(story, 0, "changed");
  const char *id = story_sql(story, "select account_id from account where type = 'google'");
  for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
    story_edit(story, 1, id, story_format(story, "{\"_type\": %s, \"smtp\": null, \"identities\": []}", types[i]));
    expect(story, 0, "changed");
    story_expect_exact(story);
  }
  story_expect_sql(story, "7",
                   story_format(story, "select max(version) from account_history where account_id = '%s'", id));
  story_destroy(story);
}

/* Just under the limits of one account and of one page. */
Test(hostile_account, huge_accounts_in_bounded_memory) {
  struct story *story = story_create(1);
  char *filling = malloc(1000001);
  cr_assert_not_null(filling);
  memset(filling, 'x', 1000000);
  filling[1000000] = '\0';
  for (int i = 0; i < 30; i++)
    story_put(story, 1,
              story_format(story, "{\"id\": \"a%d\", \"organization_id\": \"orga_story1\", \"calendly\": \"%s\"}", i,
                           filling));
  free(filling);
  const struct run *run = expect(story, 0, "changed");
  if (scene_peak_kib(run) > 150 * 1024)
    story_fail(story, "thirty accounts of a megabyte needed %ld KiB", scene_peak_kib(run));
  story_expect_sql(story, "30000000", "select sum(length(calendly #>> '{}')) from account");
  story_expect_history(story);
  expect(story, 0, "unchanged");
  story_destroy(story);
}

/* Many small objects cost most for each byte: some 50 bytes each, not the 800 of a parsed tree. */
Test(hostile_account, many_small_objects_in_bounded_memory) {
  struct story *story = story_create(1);
  char *text = malloc(1000001);
  cr_assert_not_null(text);
  for (int i = 0; i < 333000; i++)
    memcpy(text + (size_t)3 * (size_t)i, "{},", 3);
  text[998999] = '\0';
  story_put(story, 1,
            story_format(story, "{\"id\": \"a\", \"organization_id\": \"orga_story1\", \"calendly\": [%s]}", text));
  free(text);
  const struct run *run = expect(story, 0, "changed");
  if (scene_peak_kib(run) > 64 * 1024)
    story_fail(story, "333,000 objects needed %ld KiB", scene_peak_kib(run));
  story_expect_sql(story, "333000", "select jsonb_array_length(calendly) from account");
  story_destroy(story);
}

/* Accepted as an entry, and longer than one may be where it is kept: jsonb puts blanks between and writes numbers out. */
Test(hostile_account, longer_in_the_mirror_than_on_the_wire) {
  struct story *story = story_create(1);
  char *numbers = malloc(720000);
  cr_assert_not_null(numbers);
  for (int i = 0; i < 360000; i++)
    memcpy(numbers + (size_t)2 * (size_t)i, (char[]){(char)('0' + i % 10), ','}, 2);
  numbers[719999] = '\0';
  story_accounts(story, 1,
                 story_format(story,
                              "[{\"raw\": \"{\\\"id\\\":\\\"blanks\\\",\\\"organization_id\\\":"
                              "\\\"orga_story1\\\",\\\"d\\\":[%s]}\", \"id\": \"blanks\"}, "
                              "{\"raw\": \"{\\\"id\\\":\\\"decimals\\\",\\\"organization_id\\\":"
                              "\\\"orga_story1\\\",\\\"d\\\":[1e131071,2e131071,3e131071,4e131071,5e131071,"
                              "6e131071,7e131071,8e131071,9e131071]}\", \"id\": \"decimals\"}]",
                              numbers));
  free(numbers);
  expect(story, 0, "changed");
  story_expect_sql(story, "2", "select count(*) from account_history where octet_length(document::text) > 1024 * 1024");
  story_expect_exit(story, 0, "verify", NULL);
  const struct run *run = story_expect_exit(story, 0, "sync", "--json", "--verify", NULL);
  story_expect_member(story, run, "org1", "repaired", "0");
  /* And what is damaged is still found. */
  story_sql(story, "update account_digest set canonical_digest = sha256('') where account_id = 'blanks'");
  run = story_expect_exit(story, 1, "verify", NULL);
  cr_assert(strstr(run->err, "account_digest account blanks: canonical_digest does not fit the document") != NULL);
  cr_assert(strstr(run->err, "decimals") == NULL);
  story_spare(story, TRUTH_CHAIN, "a digest is damaged");
  story_destroy(story);
}
