/* Every known field with every wrong type: nothing is coerced, nothing is lost. The column is NULL, the value stays whole in
 * `other`, field_drift tells of it (contract 5.5), and the next sweep finds nothing changed. */
#include "support/story.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

/* How a field is written: %s is the value. */
static const char *const fields[] = {
    "\"_type\": %s",
    "\"organization_id\": %s",
    "\"user_id\": %s",
    "\"email\": %s",
    "\"date_created\": %s",
    "\"identities\": %s",
    "\"default_identity\": %s",
    "\"smtp\": %s",
    "\"imap\": %s",
    "\"available_features\": %s",
    "\"enabled_features\": %s",
    "\"send_status\": %s",
    "\"receive_status\": %s",
    "\"email_receive_status\": %s",
    "\"calendar_receive_status\": %s",
    "\"latest_send_error\": %s",
    "\"latest_receive_error\": %s",
    "\"lead_suggestions_updated_at\": %s",
    "\"is_imap_archive_sync_enabled\": %s",
    "\"sync_all_calendars\": %s",
    "\"synced_calendars\": %s",
    "\"available_calendars\": %s",
    "\"zoom_account_plan\": %s",
    "\"calendly\": %s",
    "\"has_meeting_creation_scopes\": %s",
    "\"a field nobody knows\": %s",
    "\"default_identity\": {\"email\": %s}",
    "\"default_identity\": {\"name\": %s, \"more\": 1}",
    "\"smtp\": {\"host\": %s}",
    "\"smtp\": {\"port\": %s}",
    "\"imap\": {\"use_ssl\": %s}",
    "\"imap\": {\"username\": %s}",
    "\"imap\": {\"date_updated\": %s, \"host\": \"h\"}",
    "\"smtp\": {\"nobody knows\": %s}",
    "\"identities\": [%s]",
    "\"identities\": [{\"email\": %s}]",
    "\"identities\": [{\"name\": %s, \"email\": \"a@b.c\"}, {\"email\": \"d@e.f\", \"more\": %s}]",
    "\"available_calendars\": [%s]",
    "\"available_calendars\": [{\"id\": %s}]",
    "\"available_calendars\": [{\"id\": \"c\", \"name\": %s}]",
    "\"available_calendars\": [{\"id\": \"c\", \"status\": %s}, {\"id\": \"d\", \"default\": %s}]",
    "\"available_calendars\": [{\"id\": \"c\", \"synced\": %s, \"more\": %s}]",
    "\"synced_calendars\": [%s, \"c\"]",
    "\"available_features\": [%s, \"f\"]",
    "\"enabled_features\": [\"f\", %s]",
};

static const char *const values[] = {
    "null",
    "true",
    "false",
    "0",
    "-0.0",
    "1.5",
    "-1",
    "65535",
    "65536",
    "465.0",
    "123456789012345678901234567890",
    "1e400",
    "1e-400",
    "\"\"",
    "\"x\"",
    "\"ok\\u0001\\t\\u2028\\ud83d\\ude00\"",
    "\"'; drop table account; --\"",
    "\"2022-11-08T12:13:40.319000+00:00\"",
    "\"2021-07-13T11:36:04.983404\"",
    "\"0001-01-01T00:00:00\"",
    "\"2024-02-29\"",
    "\"9999-12-31T23:59:59.999999999Z\"",
    "\"2022-11-12T18:00:00+0530\"",
    "\"2022-13-45T00:00:00\"",
    "\"2023-02-29\"",
    "\"1900-02-29\"",
    "\"0000-01-01\"",
    "\"10000-01-01\"",
    "\"2022-11-08 12:13:40\"",
    "\"2022-11-08T24:00:00\"",
    "\"2022-11-08T12:13:60\"",
    "\"2022-11-08T12:13:40+99:00\"",
    "\"infinity\"",
    "\"now\"",
    "\"1667909620\"",
    "1667909620",
    "[]",
    "{}",
    "[[]]",
    "[null]",
    "[{}]",
    "[\"a\", \"a\", \"\"]",
    "[[[[[[1]]]]]]",
    "{\"id\": \"x\", \"email\": {}, \"name\": []}",
    "{\"\": \"\", \"a.b\": 1, \"c d\": [2]}",
};

enum { FIELDS = sizeof fields / sizeof fields[0], VALUES = sizeof values / sizeof values[0] };

/* As it stands inside a JSON string, where the simulator changes nothing of it. */
static void print_escaped(FILE *out, char byte) {
  if (byte == '"' || byte == '\\')
    fputc('\\', out);
  fputc(byte, out);
}

/* The field's text with the value in all its places. */
static void print_field(FILE *out, const char *field, const char *value) {
  for (const char *at = field; *at; at++) {
    if (at[0] == '%' && at[1] == 's') {
      for (const char *byte = value; *byte; byte++)
        print_escaped(out, *byte);
      at++;
    } else {
      print_escaped(out, *at);
    }
  }
}

static char *accounts(int shift) {
  char *text = NULL;
  size_t length = 0;
  FILE *out = open_memstream(&text, &length);
  for (int field = 0; field < FIELDS; field++)
    for (int value = 0; value < VALUES; value++) {
      const char *written = values[(value + shift) % VALUES];
      if (field == 1 && written[0] == '"')
        written = "null"; /* a string there is another organization */
      fprintf(out, "%s{\"raw\": \"{\\\"id\\\": \\\"emailacct_%d_%d\\\", ", field + value > 0 ? "," : "[", field, value);
      print_field(out, fields[field], written);
      fprintf(out, "}\"}");
    }
  fprintf(out, "]");
  fclose(out);
  return text;
}

/* What the oracle's own views (still there from story_expect_exact) say of drift, against the table. */
static const char DRIFT[] =
    "with wanted as (select distinct path, jsonb_typeof(value) from leaf left join known on name = path"
    "  where kind is null or not pg_temp.takes(kind, value)),"
    " found as (select path, json_type from field_drift)"
    " select coalesce(string_agg(side || path || ' ' || kind, E'\\n'), 'as expected') from ("
    "  (select 'missing ', * from (select * from wanted except select * from found) a)"
    "  union all (select 'unexpected ', * from (select * from found except select * from wanted) b)) d (side, path, "
    "kind)";

static void mirror(struct story *story, int shift, const char *changed) {
  char *text = accounts(shift);
  story_accounts(story, 1, text);
  free(text);
  const struct run *run = story_expect_exit(story, 0, "sync", "--json", NULL);
  story_expect_member(story, run, "org1", "outcome", "changed");
  story_expect_member(story, run, "org1", "rejected", "0");
  story_expect_member(story, run, "org1", "removed", "0");
  story_expect_sql(story, changed, "select count(*) >= 1900 from account_history where change = 'changed'");
  story_expect_exit(story, 0, "sync", "--verify", NULL); /* brings what is volatile up to date, too */
  story_expect_exact(story);
}

Test(hostile_field, of_every_wrong_type) {
  struct story *story = story_create(1);
  story_set(story, "organization org1", "organization_id", "orga_story1");
  mirror(story, 0, "f");
  story_expect_sql(story, "as expected", DRIFT);
  const char *before = story_dump(story, STORY_BOOKKEEPING ",field_drift.last_seen_at");
  const struct run *run = story_expect_exit(story, 0, "sync", "--json", "--verify", NULL);
  story_expect_member(story, run, "org1", "outcome", "unchanged");
  story_expect_member(story, run, "org1", "repaired", "0");
  story_expect_same(story, before, story_dump(story, STORY_BOOKKEEPING ",field_drift.last_seen_at"));
  mirror(story, 1, "t");
  story_destroy(story);
}
