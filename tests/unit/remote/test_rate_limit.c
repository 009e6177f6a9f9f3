/* The budget against a server that counts strictly: most of it is used, none of it is exceeded. */
#include "remote/rate_limit.h"
#include <criterion/criterion.h>

static struct verdict_reading told(int64_t limit, int64_t remaining, int64_t reset_ms) {
  return (struct verdict_reading){.verdict = VERDICT_TAKE, .rate = {true, limit, remaining, reset_ms}};
}

Test(rate_limit, the_first_request_goes_alone) {
  struct rate_limit rate_limit;
  rate_limit_init(&rate_limit);
  cr_assert_eq(rate_limit_wait_ms(&rate_limit, 0), 0);
  rate_limit_sent(&rate_limit, 0);
  cr_assert_gt(rate_limit_wait_ms(&rate_limit, 0), 0, "its answer may tell how many may follow");
  rate_limit_answered(&rate_limit, 5, NULL);
  cr_assert_eq(rate_limit_wait_ms(&rate_limit, 5), 0, "there was no answer: nothing was told");
}

Test(rate_limit, after_a_429_without_a_count_they_go_one_by_one) {
  struct rate_limit rate_limit;
  struct verdict_reading refused = {.verdict = VERDICT_WAIT, .wait_ms = 2000, .rate = {false, -1, -1, -1}};
  struct verdict_reading good = {.verdict = VERDICT_TAKE, .rate = {false, -1, -1, -1}};
  rate_limit_init(&rate_limit);
  rate_limit_sent(&rate_limit, 0);
  rate_limit_answered(&rate_limit, 0, &refused);
  cr_assert_eq(rate_limit_wait_ms(&rate_limit, 0), 2000);
  for (int i = 0; i < 3; i++) {
    cr_assert_eq(rate_limit_wait_ms(&rate_limit, 2000), 0);
    rate_limit_sent(&rate_limit, 2000);
    cr_assert_gt(rate_limit_wait_ms(&rate_limit, 2000), 0);
    rate_limit_answered(&rate_limit, 2000, &good);
  }
}

Test(rate_limit, what_was_never_told_is_not_limited) {
  struct rate_limit rate_limit;
  struct verdict_reading good = {.verdict = VERDICT_TAKE, .rate = {false, -1, -1, -1}};
  rate_limit_init(&rate_limit);
  rate_limit_sent(&rate_limit, 0);
  rate_limit_answered(&rate_limit, 0, &good);
  for (int i = 0; i < 100; i++) {
    cr_assert_eq(rate_limit_wait_ms(&rate_limit, 0), 0);
    rate_limit_sent(&rate_limit, 0);
  }
}

Test(rate_limit, slows_down_before_the_429) {
  struct rate_limit rate_limit;
  rate_limit_init(&rate_limit);
  rate_limit_sent(&rate_limit, 0);
  struct verdict_reading reading = told(10, 2, 5000);
  rate_limit_answered(&rate_limit, 0, &reading);
  for (int i = 0; i < 2; i++) {
    cr_assert_eq(rate_limit_wait_ms(&rate_limit, 10), 0);
    rate_limit_sent(&rate_limit, 10);
  }
  cr_assert_gt(rate_limit_wait_ms(&rate_limit, 10), 0, "nothing is left, but an answer may tell of more");
  rate_limit_answered(&rate_limit, 20, NULL);
  rate_limit_answered(&rate_limit, 20, NULL);
  cr_assert_eq(rate_limit_wait_ms(&rate_limit, 20), 4980, "until the reset");
  cr_assert_eq(rate_limit_wait_ms(&rate_limit, 5000), 0);
}

Test(rate_limit, an_older_answer_that_comes_later_gives_nothing_back) {
  struct rate_limit rate_limit;
  rate_limit_init(&rate_limit);
  rate_limit_sent(&rate_limit, 0);
  struct verdict_reading reading = told(10, 9, 1000);
  rate_limit_answered(&rate_limit, 0, &reading);
  for (int i = 0; i < 9; i++)
    rate_limit_sent(&rate_limit, 1);
  for (int remaining = 0; remaining < 9; remaining++) { /* in the reverse order */
    reading = told(10, remaining, 1000);
    rate_limit_answered(&rate_limit, 2, &reading);
    cr_assert_leq(rate_limit.left, 0, "%lld left after the answer that told %d", (long long)rate_limit.left, remaining);
  }
  cr_assert_gt(rate_limit_wait_ms(&rate_limit, 3), 0);
}

Test(rate_limit, somebody_else_uses_this_key) {
  struct rate_limit rate_limit;
  rate_limit_init(&rate_limit);
  rate_limit_sent(&rate_limit, 0);
  struct verdict_reading reading = told(10, 9, 1000);
  rate_limit_answered(&rate_limit, 0, &reading);
  rate_limit_sent(&rate_limit, 1);
  rate_limit_sent(&rate_limit, 1);
  reading = told(10, 3, 1000);
  rate_limit_answered(&rate_limit, 2, &reading);
  cr_assert_eq(rate_limit.left, 2, "3 are left, one may not be among those counted");
}

Test(rate_limit, what_is_in_flight_is_counted_twice_rather_than_not_at_all) {
  struct rate_limit rate_limit;
  rate_limit_init(&rate_limit);
  rate_limit.heard = true;
  for (int i = 0; i < 4; i++)
    rate_limit_sent(&rate_limit, 0);
  struct verdict_reading reading = told(10, 3, 1000);
  rate_limit_answered(&rate_limit, 0, &reading);
  cr_assert_eq(rate_limit.left, 0, "3 are left, 3 are on their way");
}

Test(rate_limit, a_429_blocks_everybody_until_its_reset) {
  struct rate_limit rate_limit;
  rate_limit_init(&rate_limit);
  rate_limit_sent(&rate_limit, 0);
  rate_limit_sent(&rate_limit, 0);
  struct verdict_reading reading = {.verdict = VERDICT_WAIT, .wait_ms = 3000, .rate = {false, -1, -1, -1}};
  rate_limit_answered(&rate_limit, 100, &reading);
  struct verdict_reading good = told(10, 5, 1000);
  rate_limit_answered(&rate_limit, 200, &good);
  cr_assert_eq(rate_limit_wait_ms(&rate_limit, 200), 2900, "a late good answer does not lift it");
  cr_assert_eq(rate_limit_blocked_ms(&rate_limit, 200), 2900);
  cr_assert_eq(rate_limit_wait_ms(&rate_limit, 3100), 0);
}

Test(rate_limit, after_a_reset_one_goes_first) {
  struct rate_limit rate_limit;
  rate_limit_init(&rate_limit);
  rate_limit_sent(&rate_limit, 0);
  struct verdict_reading reading = told(10, 0, 1000);
  rate_limit_answered(&rate_limit, 0, &reading);
  cr_assert_eq(rate_limit_wait_ms(&rate_limit, 1000), 0);
  rate_limit_sent(&rate_limit, 1000);
  cr_assert_gt(rate_limit_wait_ms(&rate_limit, 1000), 0);
  reading = told(10, 9, 1000);
  rate_limit_answered(&rate_limit, 1010, &reading);
  cr_assert_eq(rate_limit_wait_ms(&rate_limit, 1010), 0);
}

/* A server with 10 requests per second and a client with endless work and four requests in flight at most. */
Test(rate_limit, most_is_used_and_nothing_exceeded) {
  enum { LIMIT = 10, WINDOW = 1000, LATENCY = 30, FLIGHTS = 4, SECONDS = 60 };
  struct rate_limit rate_limit;
  int64_t arrival[FLIGHTS] = {0};
  bool flying[FLIGHTS] = {false};
  int used = 0, total = 0, refused = 0;
  rate_limit_init(&rate_limit);
  for (int64_t now = 0; now < SECONDS * WINDOW; now++) {
    used = now % WINDOW == 0 ? 0 : used;
    for (int i = 0; i < FLIGHTS; i++) {
      if (flying[i] && now >= arrival[i]) {
        flying[i] = false;
        refused += ++used > LIMIT ? 1 : 0;
        total++;
        int64_t reset = ((WINDOW - now % WINDOW) + 999) / 1000 * 1000;
        struct verdict_reading reading = told(LIMIT, used > LIMIT ? 0 : LIMIT - used, reset);
        rate_limit_answered(&rate_limit, now, &reading);
      }
      if (!flying[i] && rate_limit_wait_ms(&rate_limit, now) == 0) {
        rate_limit_sent(&rate_limit, now);
        flying[i] = true;
        arrival[i] = now + LATENCY;
      }
    }
  }
  cr_assert_eq(refused, 0);
  cr_assert_gt(total, SECONDS * LIMIT / 3, "%d of %d", total, SECONDS * LIMIT);
}

Test(rate_limit, what_somebody_else_may_have_used_is_asked_anew) {
  struct rate_limit rate_limit;
  rate_limit_init(&rate_limit);
  rate_limit_sent(&rate_limit, 0);
  struct verdict_reading reading = told(10, 9, 1000);
  rate_limit_answered(&rate_limit, 0, &reading);
  rate_limit_doubt(&rate_limit, 0);
  cr_assert_eq(rate_limit_wait_ms(&rate_limit, 0), 0);
  rate_limit_sent(&rate_limit, 0);
  cr_assert_gt(rate_limit_wait_ms(&rate_limit, 0), 0, "one goes first");
  rate_limit_doubt(&rate_limit, 0);
  reading = told(10, 0, 1000);
  rate_limit_answered(&rate_limit, 0, &reading);
  rate_limit_doubt(&rate_limit, 0);
  cr_assert_eq(rate_limit_wait_ms(&rate_limit, 100), 900, "what is used up stays so until its reset");
  cr_assert_eq(rate_limit_wait_ms(&rate_limit, 1000), 0);
}
