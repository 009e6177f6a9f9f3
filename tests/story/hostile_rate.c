/* 429 in all its families (close-api.md section 4): waited for as long as it asks, rounded up, if that is ten seconds at most;
 * never a body needed. Every organization meets another kind, and none waits for another. */
#include "support/running.h"

#include <criterion/criterion.h>
#include <json-c/json.h>
#include <string.h>
#include <time.h>

struct kind {
  const char *name, *headers, *body;
  int wait_ms; /* between the first request and the second; -1: it gives up at once */
};

static const struct kind kinds[] = {
    {"current", "\"ratelimit\": \"limit=100, remaining=0, reset=0.4\"", "", 1000},
    {"current beats Retry-After", "\"ratelimit\": \"limit=100, remaining=0, reset=1\", \"retry-after\": \"60\"", "x",
     1000},
    {"Retry-After alone", "\"retry-after\": \"1\"", "", 1000},
    {"ratelimit-reset", "\"ratelimit-reset\": \"0.2\"", "{\\\"error\\\": {\\\"rate_reset\\\": 99}}", 1000},
    {"x-ratelimit-reset", "\"x-ratelimit-reset\": \"1, 1;w=1\", \"x-ratelimit-limit\": \"60, 60;w=1\"", "", 1000},
    {"x-rate-limit-reset", "\"x-rate-limit-reset\": \"0.595956\"", "{\\\"rate_reset\\\": \\\"0.595956\\\"}", 1000},
    {"malformed", "\"ratelimit\": \"limit=;;=, reset=soon\"", "", 2000},
    {"malformed, then Retry-After", "\"ratelimit\": \"reset=-3\", \"retry-after\": \"1\"", "<html>", 1000},
    {"no header", "", "slow down", 2000},
    {"Retry-After is a date gone by", "\"retry-after\": \"Wed, 21 Oct 2015 07:28:00 GMT\"", "", 2000},
    {"reset of 0", "\"ratelimit\": \"limit=1, remaining=0, reset=0\"", "", 0},
    {"over ten seconds", "\"ratelimit\": \"limit=1, remaining=0, reset=10.2\"", "", -1},
    {"Retry-After of an hour", "\"retry-after\": \"3600\"", "", -1},
    {"a date in the far future", "\"retry-after\": \"Wed, 21 Oct 2099 07:28:00 GMT\"", "", -1},
    {"a number without an end", "\"ratelimit\": \"reset=99999999999999999999999999\"", "", -1},
};

enum { KINDS = sizeof kinds / sizeof kinds[0] };

static const char *rules(struct story *story, const char *times) {
  const char *text = "[";
  for (int i = 0; i < KINDS; i++)
    text = story_format(
        story,
        "%s%s{\"match\": {\"key\": \"api_story_%d\", \"path\": \"/connected_account/\"}, %s\"bare\": true, "
        "\"status\": 429, \"headers\": {%s}, \"body\": \"%s\"}",
        text, i > 0 ? ", " : "", i + 1, times, kinds[i].headers, kinds[i].body);
  return story_format(story, "%s]", text);
}

/* When the organization's list was asked for, in ms; returns how often. */
static int times_of(struct story *story, int organization, long at_ms[4]) {
  struct json_object *log = json_tokener_parse(story_requests(story));
  int count = 0;
  for (size_t i = 0; log && i < json_object_array_length(log); i++) {
    struct json_object *entry = json_object_array_get_idx(log, i);
    const char *target = json_object_get_string(json_object_object_get(entry, "target"));
    if (json_object_get_int(json_object_object_get(entry, "organization")) == organization &&
        strstr(target, "connected_account") && count < 4)
      at_ms[count++] = (long)json_object_get_int64(json_object_object_get(entry, "at_ms"));
  }
  json_object_put(log);
  return count;
}

static void expect_wait(struct story *story, int number) {
  const struct kind *kind = &kinds[number - 1];
  long at_ms[4] = {0};
  int count = times_of(story, number, at_ms);
  if (count != (kind->wait_ms < 0 ? 1 : 2))
    story_fail(story, "%s: asked %d times", kind->name, count);
  if (count == 2 && at_ms[1] - at_ms[0] < kind->wait_ms)
    story_fail(story, "%s: asked again after %ld ms, before the %d ms it was told", kind->name, at_ms[1] - at_ms[0],
               kind->wait_ms);
}

Test(hostile_rate, is_waited_for_as_told) {
  struct story *story = story_create_generated(KINDS + 1, 2, 5);
  story_expect_exit(story, 0, "sync", NULL);
  const char *before = story_dump(story, STORY_BOOKKEEPING);
  story_replies(story, rules(story, "\"times\": 1, "));
  story_forget_requests(story);
  const struct run *run = story_expect_exit(story, 1, "sync", "--json", NULL);
  for (int i = 1; i <= KINDS; i++) {
    bool waits = kinds[i - 1].wait_ms >= 0;
    const char *name = story_format(story, "org%d", i);
    story_expect_member(story, run, name, "outcome", waits ? "unchanged" : "failed");
    story_expect_member(story, run, name, "error", waits ? "null" : "Close's rate limit is used up (HTTP 429)");
    expect_wait(story, i);
  }
  story_expect_member(story, run, story_format(story, "org%d", KINDS + 1), "outcome", "unchanged");
  story_expect_same(story, before, story_dump(story, STORY_BOOKKEEPING));
  story_expect_exact(story);
  story_destroy(story);
}

Test(hostile_rate, gives_up_after_three_tries) {
  struct story *story = story_create_generated(2, 2, 5);
  story_replies(story,
                "[{\"match\": {\"key\": \"api_story_1\"}, \"status\": 429, \"headers\": {\"retry-after\": \"0\"}}]");
  const struct run *run = story_expect_exit(story, 1, "sync", "--json", NULL);
  story_expect_member(story, run, "org1", "error", "Close's rate limit is used up (HTTP 429)");
  story_expect_member(story, run, "org1", "requests", "3");
  story_expect_member(story, run, "org2", "outcome", "changed");
  story_expect_sql(story, "0", "select count(*) from account where organization_id = 'orga_story1'");
  story_destroy(story);
}

/* Retry-After as a date: it has whole seconds, so the answer comes at the earliest when that second begins. */
Test(hostile_rate, a_date_is_waited_for) {
  struct story *story = story_create_generated(1, 2, 5);
  char date[64];
  time_t then = time(NULL) + 3;
  struct tm parts;
  strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S GMT", gmtime_r(&then, &parts));
  story_replies(
      story,
      story_format(story, "[{\"times\": 1, \"bare\": true, \"status\": 429, \"headers\": {\"retry-after\": \"%s\"}}]",
                   date));
  story_expect_exit(story, 0, "sync", NULL);
  if (time(NULL) < then)
    story_fail(story, "asked again before the date");
  story_expect_exact(story);
  story_destroy(story);
}

/* When to come back is in the headers, whatever becomes of the body. */
Test(hostile_rate, is_waited_for_though_the_body_is_lost) {
  static const char *const lost[] = {"\"content_length\": 100, \"body\": \"x\"",
                                     "\"reset\": true, \"cut_after\": 0, \"body\": \"x\"",
                                     "\"chunked\": true, \"cut_after\": 1, \"body\": \"xyz\""};
  struct story *story = story_create_generated(3, 2, 5);
  const char *text = "[";
  for (int i = 0; i < 3; i++)
    text = story_format(story,
                        "%s%s{\"match\": {\"key\": \"api_story_%d\"}, \"times\": 1, \"bare\": true, \"status\": 429, "
                        "\"headers\": {\"retry-after\": \"3\"}, %s}",
                        text, i > 0 ? ", " : "", i + 1, lost[i]);
  story_replies(story, story_format(story, "%s]", text));
  story_expect_exit(story, 0, "sync", NULL);
  for (int i = 1; i <= 3; i++) {
    long at_ms[4] = {0};
    int count = times_of(story, i, at_ms);
    if (count != 2 || at_ms[1] - at_ms[0] < 3000)
      story_fail(story, "%s: asked %d times, again after %ld ms", lost[i - 1], count, at_ms[1] - at_ms[0]);
  }
  story_expect_exact(story);
  story_destroy(story);
}

enum { SLOTS = 8, OTHERS = SLOTS - 1, MISSING = 6, SILENCE_MS = 3000 };

/* The others hold all places but one, so that of two questions by id one is asked and the other waits its turn. */
Test(hostile_rate, what_waits_its_turn_waits_for_the_reset_too) {
  struct story *story = story_create_generated(1 + OTHERS, 20, 5);
  story_set(story, "api", "max_requests", story_format(story, "%d", SLOTS));
  story_set(story, "sync", "max_removed", "100%");
  story_expect_exit(story, 0, "sync", NULL);
  const char *text = "[{\"match\": {\"key\": \"api_story_1\", \"path\": \"/connected_account/\"}, \"delay_ms\": 1000}, "
                     "{\"match\": {\"key\": \"api_story_1\", \"path_prefix\": \"/connected_account/emailacct\", "
                     "\"nth\": 2}, \"delay_ms\": 500, \"bare\": true, \"status\": 429, \"headers\": "
                     "{\"retry-after\": \"3\"}}";
  for (int i = 2; i <= 1 + OTHERS; i++)
    text = story_format(story, "%s, {\"match\": {\"key\": \"api_story_%d\"}, \"delay_ms\": 6000}", text, i);
  story_replies(story, story_format(story, "%s]", text));
  story_accounts(
      story, 1,
      story_sql(story, story_format(story,
                                    "select json_agg(document) from (select document from account_history where "
                                    "organization_id = 'orga_story1' order by seq offset %d) as kept",
                                    MISSING)));
  story_forget_requests(story);
  const struct run *run = story_expect_exit(story, 0, "sync", "--json", NULL);
  story_expect_member(story, run, "org1", "removed", story_format(story, "%d", MISSING));
  story_expect_member(story, run, "org1", "requests", story_format(story, "%d", 4 + MISSING));
  long long at_ms[2 + MISSING];
  cr_assert_eq(running_requests(story, 1, "connected_account/emailacct", at_ms, 2 + MISSING), 2 + MISSING);
  for (int i = 2; i < 2 + MISSING; i++)
    cr_assert_geq(at_ms[i] - at_ms[1], 500 + SILENCE_MS, "asked %lld ms after a question answered by 429",
                  at_ms[i] - at_ms[1]);
  story_expect_exact(story);
  story_destroy(story);
}

/* The simulator bans a key that asks again too early. */
Test(hostile_rate, a_strict_limiter_never_bans) {
  struct story *story = story_create_generated(2, 2, 5);
  story_set(story, "api", "page_size", "100");
  story_scene(story,
              "{\"organizations\": [{\"key\": \"api_story_1\", \"organization_id\": \"orga_story1\", \"user_id\": "
              "\"user_story1\", \"limiter\": {\"limit\": 3, \"window_ms\": 1000, \"ban_after\": 1}, \"generate\": "
              "{\"accounts\": 650, \"seed\": 3}}, {\"key\": \"api_story_2\", \"organization_id\": "
              "\"orga_story2\", \"user_id\": \"user_story2\", \"generate\": {\"accounts\": 20, \"seed\": 4}}]}");
  const struct run *run = story_expect_exit(story, 0, "sync", "--json", NULL);
  story_expect_member(story, run, "org1", "accounts", "650");
  story_expect_exact(story);
  story_destroy(story);
}
