/* Close allows a key so many requests: `run` uses most of them, is never banned by a limiter that counts strictly, and after a 429 is
 * silent for as long as it was told. */
#include "support/running.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <string.h>

enum { REQUESTS_MAX = 4000 };

static void limited_scene(struct story *story, const char *headers, int accounts, int limit, int window_ms) {
  const char *limiter = story_format(story, "{\"limit\": %d, \"window_ms\": %d, \"ban_after\": 1}", limit, window_ms);
  story_scene(story,
              story_format(story,
                           "{\"settings\": {\"rate_headers\": \"%s\"}, \"organizations\": [{\"key\": "
                           "\"api_story_1\", \"organization_id\": \"orga_story1\", \"user_id\": \"user_story1\", "
                           "\"limiter\": %s, \"generate\": {\"accounts\": %d, \"seed\": 4}}]}",
                           headers, limiter, accounts));
}

/* Keeps only the first accounts; the others have to be asked for one by one. */
static void take_away(struct story *story, int keep) {
  story_accounts(story, 1,
                 story_sql(story, story_format(story,
                                               "select json_agg(document) from (select document from account_history "
                                               "order by seq limit %d) as kept",
                                               keep)));
}

static void sweeps_under(const char *headers, int limit) {
  struct story *story = story_create(1);
  limited_scene(story, headers, 60, limit, 1000);
  story_set(story, "sync", "max_removed", "100%");
  const struct run *run = running_start(story, "100ms");
  story_await_sql(story, "60", "select count(*) from account", 10000);
  take_away(story, 20);
  story_await_sql(story, "20", "select count(*) from account", 30000);
  running_sleep(1500); /* many sweeps more */
  int banned = running_status_count(story, 1, 403), refused = running_status_count(story, 1, 429);
  cr_assert_eq(banned, 0, "banned with headers \"%s\", after %d refusals", headers, refused);
  cr_assert_leq(refused, 1, "refused %d times with headers \"%s\"", refused, headers);
  running_stop(story, run);
  story_expect_exact(story);
  story_destroy(story);
}

Test(run_rate_limit, never_banned_with_current_headers) { sweeps_under("current", 12); }
Test(run_rate_limit, never_banned_with_older_headers) { sweeps_under("2017", 12); }
Test(run_rate_limit, never_banned_behind_envoy) { sweeps_under("envoy", 12); }

Test(run_rate_limit, most_of_the_budget_is_used) {
  enum { LIMIT = 60, WINDOW_MS = 5000, MISSING = 160 };
  struct story *story = story_create(1);
  limited_scene(story, "current", MISSING + 20, LIMIT, WINDOW_MS);
  story_set(story, "sync", "max_removed", "100%");
  const struct run *run = running_start(story, "100ms");
  story_await_sql(story, "180", "select count(*) from account", 10000);
  take_away(story, 20);
  story_forget_requests(story);
  story_await_sql(story, "20", "select count(*) from account", 40000);
  long long at_ms[REQUESTS_MAX];
  int count = running_requests(story, 1, "connected_account/", at_ms, REQUESTS_MAX), first = 0;
  while (first + 1 < count && first < 20 && at_ms[first + 1] - at_ms[first] > 90)
    first++; /* idle sweeps */
  double allowed = (double)LIMIT * (double)(at_ms[count - 1] - at_ms[first]) / WINDOW_MS;
  double share = (count - first) / allowed;
  cr_assert_geq(share, 0.5, "%d requests where %.0f were allowed", count - first, allowed);
  cr_assert_eq(running_status_count(story, 1, 403), 0);
  running_stop(story, run);
  story_expect_exact(story);
  story_destroy(story);
}

/* After the one 429 the first request comes when it may, and not much later. */
static void silent_after(struct story *story, const struct run *run, const char *headers, int wait_ms) {
  long long at_ms[REQUESTS_MAX];
  (void)run;
  story_forget_requests(story);
  story_replies(story, story_format(story, "[{\"times\": 1, \"bare\": true, \"status\": 429%s}]", headers));
  running_await_requests(story, 1, 3, 15000);
  int count = running_requests(story, 1, "", at_ms, REQUESTS_MAX);
  long long longest = 0;
  for (int i = 1; i < count; i++)
    longest = at_ms[i] - at_ms[i - 1] > longest ? at_ms[i] - at_ms[i - 1] : longest;
  cr_assert_geq(longest, wait_ms, "%lld ms of silence after a 429 with \"%s\", not %d", longest, headers, wait_ms);
  cr_assert_leq(longest, wait_ms + 3000, "%lld ms of silence after a 429 with \"%s\"", longest, headers);
}

Test(run_rate_limit, silent_until_the_reset) {
  struct story *story = story_create_generated(1, 3, 3);
  const struct run *run = running_start(story, "100ms");
  running_await_requests(story, 1, 3, 10000);
  cr_assert_eq(running_status_count(story, 1, 429), 0);
  silent_after(story, run, "", 2000);
  silent_after(story, run, ", \"headers\": {\"retry-after\": \"1\"}", 1000);
  silent_after(story, run, ", \"headers\": {\"ratelimit\": \"limit=9, remaining=0, reset=3\", \"retry-after\": \"9\"}",
               3000);
  running_stop(story, run);
  story_destroy(story);
}

/* The reset is too far away to wait for it in a sweep: this one fails, the next begins when it may. */
Test(run_rate_limit, a_distant_reset_puts_the_sweep_off) {
  struct story *story = story_create_generated(2, 3, 3);
  const struct run *run = running_start(story, "100ms");
  running_await_requests(story, 1, 3, 10000);
  story_replies(story, "[{\"match\": {\"key\": \"api_story_1\"}, \"times\": 1, \"bare\": true, \"status\": 429, "
                       "\"headers\": {\"retry-after\": \"11\"}}]");
  running_await(story, run, "rate limit", 1, 10000);
  story_forget_requests(story);
  running_sleep(2000);
  cr_assert_eq(running_requests(story, 1, "", NULL, 0), 0, "asked before the reset");
  cr_assert_geq(running_requests(story, 2, "", NULL, 0), 8, "the other key waited too");
  running_stop(story, run);
  story_destroy(story);
}

/* The daemon that takes an organization over knows nothing of what the one before has used: one request goes first, and tells. */
Test(run_rate_limit, never_banned_after_a_change_of_hands) {
  struct story *story = story_create(1);
  limited_scene(story, "current", 60, 12, 1000);
  story_set(story, "sync", "max_removed", "100%");
  story_set(story, "sync", "interval", "100ms");
  story_set(story, "fleet", "enabled", "yes");
  story_set(story, "fleet", "ttl", "1s");
  const struct run *runs[2];
  for (int i = 0; i < 2; i++) {
    story_set(story, "fleet", "member", i == 0 ? "0" : "1");
    runs[i] = running_start(story, NULL);
  }
  story_await_sql(story, "60", "select count(*) from account", 20000);
  story_await_sql(story, "128", "select count(*) from fleet_slot group by holder limit 1", 20000);
  int holder = *story_sql(story, "select member from fleet_daemon join fleet_slot on holder = daemon_id where slot = "
                                 "hashtextextended('org1', 0) & 255") == '1';
  take_away(story, 20);
  story_forget_requests(story);
  story_signal(story, runs[holder], SIGKILL);
  story_wait(story, runs[holder], 5000);
  story_await_sql(story, "20", "select count(*) from account", 40000);
  int banned = running_status_count(story, 1, 403), refused = running_status_count(story, 1, 429);
  cr_assert_eq(banned, 0, "banned after %d refusals", refused);
  cr_assert_leq(refused, 1, "refused %d times", refused);
  running_stop(story, runs[!holder]);
  story_expect_exact(story);
  story_destroy(story);
}

/* Who takes an organization over does not know what was used of its key: its first answer says so. It uses what is left, and then it is
 * silent: nothing is refused, unless nothing was left. */
Test(run_rate_limit, heeded_after_a_take_over) {
  enum { LIMIT = 60, WINDOW_MS = 600 * 1000, ROUNDS = 600 };
  struct story *story = story_create(1);
  limited_scene(story, "current", 60, LIMIT, WINDOW_MS);
  story_set(story, "api", "page_size", "10");
  story_set(story, "fleet", "enabled", "yes");
  story_set(story, "fleet", "ttl", "2s");
  story_set(story, "fleet", "member", "one");
  const struct run *one = running_start(story, "1s");
  story_await_sql(story, "60", "select count(*) from account", 10000);
  story_set(story, "fleet", "member", "two");
  const struct run *two = running_start(story, "1s");
  static const char HOLDER[] = "select member from fleet_daemon join fleet_slot on holder = daemon_id where slot = "
                               "hashtextextended('org1', 0) & 255 and exists (select from fleet_daemon where member = "
                               "'two')";
  story_await_sql(story, "128", "select count(*) from fleet_slot group by holder limit 1", 20000);
  bool first = strcmp(story_sql(story, HOLDER), "one") == 0;
  story_signal(story, first ? one : two, SIGKILL);
  story_wait(story, first ? one : two, 5000);
  int used = running_status_count(story, 1, 200);
  story_await_sql(story, first ? "two" : "one", HOLDER, 20000);
  for (int round = 0; round < ROUNDS && running_status_count(story, 1, 200) < LIMIT; round++)
    running_sleep(50);
  running_sleep(2500); /* sweeps that ask for nothing */
  cr_assert_eq(running_status_count(story, 1, 200), LIMIT, "not all that was left is used");
  cr_assert_leq(running_status_count(story, 1, 429), used < LIMIT ? 0 : 1, "asked for more");
  limited_scene(story, "current", 60, 10000, 1000);
  running_stop(story, first ? two : one);
  story_expect_exact(story);
  story_destroy(story);
}
