/* Listings are counted in the simulator's log, which is not touched by what happens to the database. */
#include "fault/living.h"
#include "support/inner.h"

#include <criterion/criterion.h>
#include <json-c/json.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ACCOUNTS = 6, SETTLED = 3, LIMIT_MS = 20000, LOOK_EVERY_MS = 20 };

static const char *account_text(struct story *story, const char *id, const char *status) {
  return story_format(
      story, "{\"id\": \"%s\", \"_type\": \"google\", \"organization_id\": \"orga_story1\", \"send_status\": \"%s\"}",
      id, status);
}

void living_begin(struct living *living, struct story *story, const char *conninfo) {
  *living = (struct living){.story = story};
  for (int i = 1; i <= ACCOUNTS; i++)
    story_put(story, 1, account_text(story, story_format(story, "a%d", i), "ok"));
  if (conninfo)
    story_set(story, "database", "conninfo", conninfo);
  story_set(story, "sync", "flush_interval", "300ms");
  living->run = running_start(story, "150ms");
  living_await(living, "ok");
  living_settle(living);
}

void living_end(struct living *living, const char *faults) {
  struct truth truth = story_judge(living->story);
  running_stop(living->story, living->run);
  printf("%s: %d, history rows: %ld, with a false interval: %ld\n", faults, living->rounds, truth.rows,
         truth.false_rows);
  cr_assert_gt(living->rounds, 0);
  story_destroy(living->story);
}

/* All at once, so that one sweep sees all of it. */
void living_change(struct living *living, const char *word) {
  struct story *story = living->story;
  struct json_object *reply = json_tokener_parse(story_truth(story, 1));
  struct json_object *before = json_object_object_get(reply, "data"), *after = json_object_new_array();
  bool is_there = false;
  for (size_t i = 0; i < json_object_array_length(before); i++) {
    struct json_object *account = json_object_array_get_idx(before, i);
    const char *id = json_object_get_string(json_object_object_get(account, "id"));
    is_there = is_there || strcmp(id, "a2") == 0;
    if (strcmp(id, "a2") == 0)
      continue;
    if (strcmp(id, "a1") == 0)
      json_object_object_add(account, "send_status", json_object_new_string(word));
    json_object_array_add(after, json_object_get(account));
  }
  if (!is_there)
    json_object_array_add(after, json_tokener_parse(account_text(story, "a2", word)));
  json_object_array_add(after, json_tokener_parse(account_text(story, story_format(story, "a_%s", word), "ok")));
  story_accounts(story, 1, json_object_to_json_string(after));
  json_object_put(after);
  json_object_put(reply);
}

void living_await(struct living *living, const char *word) {
  story_await_sql(living->story, word, "select send_status from close_crm.account where account_id = 'a1'", LIMIT_MS);
}

void living_settle(struct living *living) {
  static const char first_page[] = "/connected_account/?_limit=100&_skip=0";
  struct story *story = living->story;
  long wanted = story_request_count(story, first_page) + SETTLED;
  for (int waited_ms = 0; waited_ms < LIMIT_MS * story_patience(); waited_ms += LOOK_EVERY_MS) {
    if (story_request_count(story, first_page) >= wanted)
      return;
    running_sleep(LOOK_EVERY_MS);
  }
  story_fail(story, "Close is not listed any more:\n%s", running_said(story, living->run));
}

void expect_living_true(struct living *living, const char *after) {
  living->rounds++;
  story_note(living->story, after);
  story_expect_truth(living->story);
  story_expect_mirror(living->story, 1);
}

long living_revision(struct living *living) {
  return story_count(living->story, "select revision from close_crm.organization");
}

void living_end_locks(struct living *living) {
  story_sql(living->story, "select count(pg_terminate_backend(pid)) from (select distinct pid from pg_locks"
                           " where locktype = 'advisory' and pid <> pg_backend_pid() and database ="
                           " (select oid from pg_database where datname = current_database())) as holder");
}
