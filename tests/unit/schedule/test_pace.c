/* A week of polling, in milliseconds of test. */
#include "schedule/pace.h"
#include <criterion/criterion.h>

enum { MINUTE = 60 * 1000 };

static struct random seeded(void) {
  struct random random;
  random_seed(&random, 7);
  return random;
}

Test(pace, a_week_keeps_to_the_grid) {
  struct random random = seeded();
  struct pace pace;
  int64_t now = 0, first = 123;
  pace_init(&pace, MINUTE, 0.1, first);
  now = first;
  for (int i = 1; i <= 7 * 24 * 60; i++) {
    int64_t due = pace_next(&pace, &random, PACE_WELL, now + 800, 0);
    cr_assert_geq(due, first + (int64_t)i * MINUTE, "never early");
    cr_assert_leq(due, first + (int64_t)i * MINUTE + MINUTE / 10,
                  "late by its jitter at most, and that does not add up");
    now = due;
  }
}

Test(pace, a_sweep_longer_than_its_interval_skips_slots) {
  struct random random = seeded();
  struct pace pace;
  pace_init(&pace, 1000, 0, 0);
  cr_assert_eq(pace_next(&pace, &random, PACE_WELL, 5300, 0), 6000);
}

Test(pace, failures_back_off_to_fifteen_minutes_and_come_back_at_once) {
  struct random random = seeded();
  struct pace pace;
  int64_t now = 0, longest = 0;
  pace_init(&pace, MINUTE, 0, 0);
  for (int i = 0; i < 200; i++) {
    int64_t due = pace_next(&pace, &random, PACE_FAILED, now, 0);
    cr_assert_geq(due - now, MINUTE, "never quicker than a healthy one");
    cr_assert_leq(due - now, PACE_LONGEST_MS);
    longest = due - now > longest ? due - now : longest;
    now = due;
  }
  cr_assert_gt(longest, 10 * MINUTE, "the back-off grows");
  cr_assert_leq(pace_next(&pace, &random, PACE_WELL, now, 0) - now, MINUTE);
}

Test(pace, a_long_interval_is_not_shortened_by_failing) {
  struct random random = seeded();
  struct pace pace;
  pace_init(&pace, 60 * MINUTE, 0, 0);
  cr_assert_eq(pace_next(&pace, &random, PACE_FAILED, 0, 0), 60 * MINUTE);
  cr_assert_eq(pace_next(&pace, &random, PACE_DEAD_KEY, 0, 0), 60 * MINUTE);
}

Test(pace, a_dead_key_is_tried_every_fifteen_minutes) {
  struct random random = seeded();
  struct pace pace;
  pace_init(&pace, MINUTE, 0.1, 0);
  for (int i = 0; i < 20; i++)
    cr_assert_eq(pace_next(&pace, &random, PACE_DEAD_KEY, 0, 0), 15 * MINUTE);
}

Test(pace, a_rate_limit_is_waited_for) {
  struct random random = seeded();
  struct pace pace;
  pace_init(&pace, 1000, 0, 0);
  cr_assert_eq(pace_next(&pace, &random, PACE_WELL, 0, 7000), 7000);
  cr_assert_eq(pace_next(&pace, &random, PACE_WELL, 7000, 0), 8000, "and then the grid goes on");
}

Test(pace, a_suspended_machine_does_not_storm) {
  struct random random = seeded();
  struct pace pace;
  pace_init(&pace, 1000, 0, 0);
  int64_t slept = (int64_t)30 * 24 * 3600 * 1000 + 1;
  cr_assert_eq(pace_next(&pace, &random, PACE_WELL, slept, 0), slept + 999, "one sweep, not a month of them");
}
