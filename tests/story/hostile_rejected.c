/* Entries that can be no account are set aside, told and kept, and never stop the others (contract 5.5, section 6 "Entries"). */
#include "support/scene.h"
#include "support/truth.h"

#include <criterion/criterion.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct entry {
  const char *text; /* as it stands on the wire */
  const char *account_id, *reason, *document;
};

static const struct entry entries[] = {
    {"null", NULL, "the entry is no object", "null"},
    {"true", NULL, "the entry is no object", "true"},
    {"1.50", NULL, "the entry is no object", "1.5"},
    {"\"emailacct_1\"", NULL, "the entry is no object", "\"emailacct_1\""},
    {"[]", NULL, "the entry is no object", "[]"},
    {"[{\"id\": \"x\"}]", NULL, "the entry is no object", "[{\"id\": \"x\"}]"},
    {"{}", NULL, "string \"id\"", "{}"},
    {"{ }", NULL, "string \"id\"", "{}"},
    {"{\"id\": null}", NULL, "string \"id\"", "{\"id\": null}"},
    {"{\"id\": 7}", NULL, "string \"id\"", "{\"id\": 7}"},
    {"{\"id\": \"\"}", NULL, "string \"id\"", "{\"id\": \"\"}"},
    {"{\"id\": {\"id\": \"x\"}}", NULL, "string \"id\"", "{\"id\": {\"id\": \"x\"}}"},
    {"{\"ID\": \"x\", \"api_key\": \"hunter2\"}", NULL, "string \"id\"",
     "{\"ID\": \"x\", \"api_key\": \"[redacted]\"}"},
    {"{\"id\": \"big\", \"n\": 1e131072}", "big", "number", NULL},
    {"{\"id\": \"small\", \"n\": 1e-16384}", "small", "number", NULL},
    {"{\"id\": \"exponent\", \"n\": 1e99999999999999999999}", "exponent", "number", NULL},
};

enum { ENTRIES = sizeof entries / sizeof entries[0] };

static const char GOOD[] = "{\"id\": \"good\", \"organization_id\": \"orga_story1\"}";

/* The page is given as a whole: the simulator's accounts are objects. */
static void serve(struct story *story, const char *list) {
  struct json_object *body = json_object_new_string(story_format(story, "{\"data\": [%s], \"has_more\": false}", list));
  story_replies(story,
                story_format(story,
                             "[{\"match\": {\"key\": \"api_story_1\", \"path\": \"/connected_account/\"}, \"status\": "
                             "200, \"body\": %s}]",
                             json_object_to_json_string(body)));
  json_object_put(body);
}

static const struct run *expect(struct story *story, int exit_status, const char *outcome, const char *rejected) {
  const struct run *run = story_expect_exit(story, exit_status, "sync", "--json", NULL);
  story_expect_member(story, run, "org1", "outcome", outcome);
  story_expect_member(story, run, "org1", "rejected", rejected);
  return run;
}

static void expect_row(struct story *story, const struct entry *entry) {
  const char *row =
      story_format(story,
                   "select coalesce(account_id, '-') || '|' || coalesce(document::text, '-') from "
                   "rejected_account where fingerprint = encode(sha256($wire$%s$wire$::bytea), 'hex') and "
                   "position($reason$%s$reason$ in reason) > 0",
                   entry->text, entry->reason);
  story_expect_sql(story,
                   story_format(story, "%s|%s", entry->account_id ? entry->account_id : "-",
                                entry->document ? entry->document : "-"),
                   row);
}

Test(hostile_rejected, each_with_its_reason) {
  struct story *story = story_create(2);
  const char *list = GOOD;
  for (int i = 0; i < ENTRIES; i++)
    list = story_format(story, "%s, %s", list, entries[i].text);
  serve(story, list);
  expect(story, 0, "changed", story_format(story, "%d", ENTRIES));
  for (int i = 0; i < ENTRIES; i++)
    expect_row(story, &entries[i]);
  story_expect_sql(story, "good", "select string_agg(account_id, ' ') from account");
  story_expect_sql(story, "1",
                   "select count(distinct first_seen_at) from rejected_account where first_seen_at = last_seen_at");
  expect(story, 0, "unchanged", story_format(story, "%d", ENTRIES));
  story_expect_sql(story, "16", "select count(*) from rejected_account where first_seen_at < last_seen_at");
  serve(story, story_format(story, "%s, %s, %s, %s", entries[7].text, GOOD, entries[7].text, entries[1].text));
  expect(story, 0, "unchanged", "2");
  story_expect_sql(story, "2", "select count(*) from rejected_account");
  serve(story, GOOD);
  expect(story, 0, "unchanged", "0");
  story_expect_sql(story, "0", "select count(*) from rejected_account");
  story_expect_history(story);
  story_destroy(story);
}

static const char *nested(struct story *story, int depth) {
  char *text = calloc(1, 2 * (size_t)depth + 1);
  cr_assert_not_null(text);
  memset(text, '[', (size_t)depth);
  memset(text + depth, ']', (size_t)depth);
  const char *entry = story_format(story, "{\"id\": \"deep\", \"organization_id\": \"orga_story1\", \"x\": %s}", text);
  free(text);
  return entry;
}

Test(hostile_rejected, deeper_than_64) {
  static const int depths[] = {64, 511, 512, 5000, 100000};
  struct story *story = story_create(2);
  serve(story, story_format(story, "%s, %s", GOOD, nested(story, 63)));
  expect(story, 0, "changed", "0");
  for (size_t i = 0; i < sizeof depths / sizeof depths[0]; i++) {
    serve(story, story_format(story, "%s, %s", GOOD, nested(story, depths[i])));
    story_run(story, "sync", "--json", NULL);
    story_expect_sql(story, "deep", "select account_id from rejected_account where reason like '%64%'");
    story_expect_sql(story, depths[i] < 512 ? "t" : "f", "select document is not null from rejected_account");
    story_expect_sql(story, "2", "select count(*) from account"); /* what was known of it stays */
  }
  story_expect_sql(story, "0", "select count(*) from account_history where change = 'removed'");
  story_expect_history(story);
  story_spare(story, TRUTH_TIMES, "the simulator does not read what its rule says there");
  story_destroy(story);
}

Test(hostile_rejected, over_a_mebibyte) {
  struct story *story = story_create(2);
  size_t length = 1024 * 1024;
  char *filling = malloc(length + 1);
  cr_assert_not_null(filling);
  memset(filling, 'x', length);
  filling[length] = '\0';
  serve(story, story_format(story, "%s, {\"id\": \"large\\u0000\\\"\\ud800\", \"x\": \"%s\"}, {\"id\": \"%s\"}", GOOD,
                            filling, filling));
  const struct run *run = expect(story, 0, "changed", "2");
  cr_assert_leq(scene_peak_kib(run), 150 * 1024);
  story_expect_sql(story, "2",
                   "select count(*) from rejected_account where document is null and reason like '%1 MiB%'");
  story_expect_sql(story, "good", "select string_agg(account_id, ' ') from account");
  expect(story, 0, "unchanged", "2");
  free(filling);
  story_spare(story, TRUTH_TIMES, "the simulator does not read what its rule says there");
  story_destroy(story);
}

Test(hostile_rejected, ids_too_long) {
  struct story *story = story_create(2);
  char id[10001];
  memset(id, 'i', sizeof id);
  id[10000] = '\0';
  serve(story, story_format(story, "%s, {\"id\": \"%s\"}, {\"id\": \"%.500s\", \"organization_id\": \"orga_story1\"}",
                            GOOD, id, id));
  expect(story, 0, "changed", "1");
  story_expect_sql(story, "10000", "select length(account_id) from rejected_account where reason like '%500 bytes%'");
  story_expect_sql(story, "500", "select max(length(account_id)) from account");
  expect(story, 0, "unchanged", "1");
  story_destroy(story);
}

/* With an account missing, an unreadable entry may be that account: nothing is removed. */
Test(hostile_rejected, while_an_account_is_missing) {
  struct story *story = story_create(2);
  story_put(story, 1, GOOD); /* answers by its id */
  serve(story, story_format(story, "%s, {\"id\": \"other\", \"organization_id\": \"orga_story1\"}", GOOD));
  expect(story, 0, "changed", "0");
  serve(story, story_format(story, "%s, {\"id\": 7}", GOOD));
  expect(story, 1, "incomplete", "1");
  story_expect_sql(story, "2", "select count(*) from account");
  serve(story, GOOD);
  expect(story, 0, "changed", "0");
  story_expect_sql(story, "removed", "select change from account_history order by seq desc limit 1");
  story_destroy(story);
}

/* `[{},{},…]`: 7 MB of it are one row. */
Test(hostile_rejected, millions_of_nothing) {
  struct story *story = scene_story(4000);
  story_replies(story, "[{\"match\": {\"key\": \"api_story_1\", \"path\": \"/connected_account/\"}, \"body_repeat\": "
                       "{\"before\": \"{\\\"data\\\": [{}\", \"text\": \",{}\", \"count\": 2500000, \"after\": \"], "
                       "\\\"has_more\\\": false}\"}}]");
  const struct run *run = story_expect_exit(story, 1, "sync", "--json", NULL);
  story_expect_member(story, run, "org1", "outcome", "incomplete");
  story_expect_member(story, run, "org1", "rejected", "1");
  story_expect_sql(story, "1", "select count(*) from rejected_account");
  cr_assert_leq(scene_peak_kib(run), 150 * 1024);
  story_replies(story, "[]");
  story_expect_exit(story, 0, "sync", NULL);
  story_expect_exact(story);
  story_destroy(story);
}

/* More kinds of junk than anybody would want to read: the sweep fails, and says so. */
Test(hostile_rejected, endless_kinds_of_junk) {
  struct story *story = scene_story(4000);
  char *text = NULL;
  size_t length = 0;
  FILE *out = open_memstream(&text, &length);
  for (int i = 0; i < 100001; i++)
    fprintf(out, "%s%d", i > 0 ? "," : "", i);
  fclose(out);
  serve(story, text);
  free(text);
  const char *before = story_dump(story, STORY_BOOKKEEPING);
  const struct run *run = story_expect_exit(story, 1, "sync", "--json", NULL);
  story_expect_member(story, run, "org1", "outcome", "failed");
  story_expect_member(story, run, "org2", "outcome", "unchanged");
  story_expect_stderr(story, run, "entries that are no accounts");
  story_expect_same(story, before, story_dump(story, STORY_BOOKKEEPING));
  story_destroy(story);
}
