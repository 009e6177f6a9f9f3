/* The budget against a server that counts strictly: most of it is used, none of it is exceeded. */
#include "remote/rate_limit.h"
#include <criterion/criterion.h>

static struct verdict_reading told(int64_t limit, int64_t remaining, int64_t reset_ms) {
  return (struct verdict_reading){.verdict = VERDICT_TAKE, .rate = {true, limit, remaining, reset_ms}};
}

Test(budget, the_first_request_goes_alone) {
  struct budget budget;
  budget_init(&budget);
  cr_assert_eq(budget_wait_ms(&budget, 0), 0);
  budget_sent(&budget, 0);
  cr_assert_gt(budget_wait_ms(&budget, 0), 0, "its answer may tell how many may follow");
  budget_answered(&budget, 5, NULL);
  cr_assert_eq(budget_wait_ms(&budget, 5), 0, "there was no answer: nothing was told");
}

Test(budget, after_a_429_without_a_count_they_go_one_by_one) {
  struct budget budget;
  struct verdict_reading refused = {.verdict = VERDICT_WAIT, .wait_ms = 2000, .rate = {false, -1, -1, -1}};
  struct verdict_reading good = {.verdict = VERDICT_TAKE, .rate = {false, -1, -1, -1}};
  budget_init(&budget);
  budget_sent(&budget, 0);
  budget_answered(&budget, 0, &refused);
  cr_assert_eq(budget_wait_ms(&budget, 0), 2000);
  for (int i = 0; i < 3; i++) {
    cr_assert_eq(budget_wait_ms(&budget, 2000), 0);
    budget_sent(&budget, 2000);
    cr_assert_gt(budget_wait_ms(&budget, 2000), 0);
    budget_answered(&budget, 2000, &good);
  }
}

Test(budget, what_was_never_told_is_not_limited) {
  struct budget budget;
  struct verdict_reading good = {.verdict = VERDICT_TAKE, .rate = {false, -1, -1, -1}};
  budget_init(&budget);
  budget_sent(&budget, 0);
  budget_answered(&budget, 0, &good);
  for (int i = 0; i < 100; i++) {
    cr_assert_eq(budget_wait_ms(&budget, 0), 0);
    budget_sent(&budget, 0);
  }
}

Test(budget, slows_down_before_the_429) {
  struct budget budget;
  budget_init(&budget);
  budget_sent(&budget, 0);
  struct verdict_reading reading = told(10, 2, 5000);
  budget_answered(&budget, 0, &reading);
  for (int i = 0; i < 2; i++) {
    cr_assert_eq(budget_wait_ms(&budget, 10), 0);
    budget_sent(&budget, 10);
  }
  cr_assert_gt(budget_wait_ms(&budget, 10), 0, "nothing is left, but an answer may tell of more");
  budget_answered(&budget, 20, NULL);
  budget_answered(&budget, 20, NULL);
  cr_assert_eq(budget_wait_ms(&budget, 20), 4980, "until the reset");
  cr_assert_eq(budget_wait_ms(&budget, 5000), 0);
}

Test(budget, an_older_answer_that_comes_later_gives_nothing_back) {
  struct budget budget;
  budget_init(&budget);
  budget_sent(&budget, 0);
  struct verdict_reading reading = told(10, 9, 1000);
  budget_answered(&budget, 0, &reading);
  for (int i = 0; i < 9; i++)
    budget_sent(&budget, 1);
  for (int remaining = 0; remaining < 9; remaining++) { /* in the reverse order */
    reading = told(10, remaining, 1000);
    budget_answered(&budget, 2, &reading);
    cr_assert_leq(budget.left, 0, "%lld left after the answer that told %d", (long long)budget.left, remaining);
  }
  cr_assert_gt(budget_wait_ms(&budget, 3), 0);
}

Test(budget, somebody_else_uses_this_key) {
  struct budget budget;
  budget_init(&budget);
  budget_sent(&budget, 0);
  struct verdict_reading reading = told(10, 9, 1000);
  budget_answered(&budget, 0, &reading);
  budget_sent(&budget, 1);
  budget_sent(&budget, 1);
  reading = told(10, 3, 1000);
  budget_answered(&budget, 2, &reading);
  cr_assert_eq(budget.left, 2, "3 are left, one may not be among those counted");
}

Test(budget, what_is_in_flight_is_counted_twice_rather_than_not_at_all) {
  struct budget budget;
  budget_init(&budget);
  budget.heard = true;
  for (int i = 0; i < 4; i++)
    budget_sent(&budget, 0);
  struct verdict_reading reading = told(10, 3, 1000);
  budget_answered(&budget, 0, &reading);
  cr_assert_eq(budget.left, 0, "3 are left, 3 are on their way");
}

Test(budget, a_429_blocks_everybody_until_its_reset) {
  struct budget budget;
  budget_init(&budget);
  budget_sent(&budget, 0);
  budget_sent(&budget, 0);
  struct verdict_reading reading = {.verdict = VERDICT_WAIT, .wait_ms = 3000, .rate = {false, -1, -1, -1}};
  budget_answered(&budget, 100, &reading);
  struct verdict_reading good = told(10, 5, 1000);
  budget_answered(&budget, 200, &good);
  cr_assert_eq(budget_wait_ms(&budget, 200), 2900, "a late good answer does not lift it");
  cr_assert_eq(budget_blocked_ms(&budget, 200), 2900);
  cr_assert_eq(budget_wait_ms(&budget, 3100), 0);
}

Test(budget, after_a_reset_one_goes_first) {
  struct budget budget;
  budget_init(&budget);
  budget_sent(&budget, 0);
  struct verdict_reading reading = told(10, 0, 1000);
  budget_answered(&budget, 0, &reading);
  cr_assert_eq(budget_wait_ms(&budget, 1000), 0);
  budget_sent(&budget, 1000);
  cr_assert_gt(budget_wait_ms(&budget, 1000), 0);
  reading = told(10, 9, 1000);
  budget_answered(&budget, 1010, &reading);
  cr_assert_eq(budget_wait_ms(&budget, 1010), 0);
}

/* A server with 10 requests per second and a client with endless work and four requests in flight at most. */
Test(budget, most_is_used_and_nothing_exceeded) {
  enum { LIMIT = 10, WINDOW = 1000, LATENCY = 30, FLIGHTS = 4, SECONDS = 60 };
  struct budget budget;
  int64_t arrival[FLIGHTS] = {0};
  bool flying[FLIGHTS] = {false};
  int used = 0, total = 0, refused = 0;
  budget_init(&budget);
  for (int64_t now = 0; now < SECONDS * WINDOW; now++) {
    used = now % WINDOW == 0 ? 0 : used;
    for (int i = 0; i < FLIGHTS; i++) {
      if (flying[i] && now >= arrival[i]) {
        flying[i] = false;
        refused += ++used > LIMIT ? 1 : 0;
        total++;
        int64_t reset = ((WINDOW - now % WINDOW) + 999) / 1000 * 1000;
        struct verdict_reading reading = told(LIMIT, used > LIMIT ? 0 : LIMIT - used, reset);
        budget_answered(&budget, now, &reading);
      }
      if (!flying[i] && budget_wait_ms(&budget, now) == 0) {
        budget_sent(&budget, now);
        flying[i] = true;
        arrival[i] = now + LATENCY;
      }
    }
  }
  cr_assert_eq(refused, 0);
  cr_assert_gt(total, SECONDS * LIMIT / 3, "%d of %d", total, SECONDS * LIMIT);
}
