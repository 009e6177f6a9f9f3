/* The arithmetic of coverage: how long can a state have lasted and not be seen? */
#include "store/coverage.h"
#include <criterion/criterion.h>

enum { GAP = 180 };

static void expect(const struct coverage *coverage, struct coverage expected) {
  cr_assert(coverage->sweeps == expected.sweeps && coverage->from_at_us == expected.from_at_us &&
                coverage->first_ended_at_us == expected.first_ended_at_us &&
                coverage->until_at_us == expected.until_at_us && coverage->longest_gap_us == expected.longest_gap_us &&
                coverage->pending_gap_us == expected.pending_gap_us,
            "sweeps %lld from %lld first %lld until %lld longest %lld pending %lld", (long long)coverage->sweeps,
            (long long)coverage->from_at_us, (long long)coverage->first_ended_at_us, (long long)coverage->until_at_us,
            (long long)coverage->longest_gap_us, (long long)coverage->pending_gap_us);
}

Test(coverage, one_sweep_covers_a_moment) {
  struct coverage coverage = {0};
  cr_assert(coverage_add(&coverage, 1000, 1002, GAP));
  expect(&coverage, (struct coverage){1, 1000, 1002, 1000, 0, 0});
}

/* Sweeps 0-2, 60-63, 120-121: between the first two, start to start counts (60) until the third makes it start to end (63). */
Test(coverage, from_start_to_end_once_a_third_one_follows) {
  struct coverage coverage = {0};
  cr_assert(coverage_add(&coverage, 1000, 1002, GAP));
  cr_assert(coverage_add(&coverage, 1060, 1063, GAP));
  expect(&coverage, (struct coverage){2, 1000, 1002, 1060, 60, 63});
  cr_assert(coverage_add(&coverage, 1120, 1121, GAP));
  expect(&coverage, (struct coverage){3, 1000, 1002, 1120, 63, 61});
  cr_assert(coverage_add(&coverage, 1250, 1251, GAP));
  expect(&coverage, (struct coverage){4, 1000, 1002, 1250, 130, 131});
  cr_assert(coverage_add(&coverage, 1260, 1261, GAP));
  expect(&coverage, (struct coverage){5, 1000, 1002, 1260, 131, 11});
}

Test(coverage, a_gap_is_refused_and_changes_nothing) {
  struct coverage coverage = {0};
  cr_assert(coverage_add(&coverage, 1000, 1002, GAP));
  cr_assert(coverage_add(&coverage, 1000 + GAP, 1190, GAP), "as far as the gap is no gap");
  struct coverage before = coverage;
  cr_assert_not(coverage_add(&coverage, 1000 + 2 * GAP + 1, 2000, GAP));
  expect(&coverage, before);
  struct coverage fresh = {0};
  cr_assert(coverage_add(&fresh, 1000 + 2 * GAP + 1, 2000, GAP), "written and emptied, it begins again");
  expect(&fresh, (struct coverage){1, 1361, 2000, 1361, 0, 0});
}

/* The sweep after it may be `gap` after until_at, and is as much later again as the clock went back. */
Test(coverage, a_clock_that_goes_back_covers_nothing_new_and_can_hide_something) {
  struct coverage coverage = {0};
  cr_assert(coverage_add(&coverage, 1000, 1002, GAP));
  cr_assert(coverage_add(&coverage, 1060, 1063, GAP));
  cr_assert(coverage_add(&coverage, 1060, 1061, GAP));
  expect(&coverage, (struct coverage){2, 1000, 1002, 1060, 60, 63});
  cr_assert(coverage_add(&coverage, 1030, 1031, GAP));
  expect(&coverage, (struct coverage){2, 1000, 1002, 1060, 60, 30 + GAP});
  cr_assert(coverage_add(&coverage, -5, 0, GAP));
  cr_assert(coverage_add(&coverage, 1050, 1051, GAP));
  expect(&coverage, (struct coverage){2, 1000, 1002, 1060, 60, 1065 + GAP});
  cr_assert(coverage_add(&coverage, 1120, 1121, GAP));
  expect(&coverage, (struct coverage){3, 1000, 1002, 1120, 1065 + GAP, 61});
}

Test(coverage, also_behind_what_is_written) {
  struct coverage coverage = {.until_at_us = 5000};
  cr_assert(coverage_add(&coverage, 1700, 1702, GAP));
  expect(&coverage, (struct coverage){1, 1700, 1702, 1700, 0, 3300 + GAP});
  cr_assert(coverage_add(&coverage, 1760, 1761, GAP));
  expect(&coverage, (struct coverage){2, 1700, 1702, 1760, 3300 + GAP, 61});
  coverage = (struct coverage){.until_at_us = 5000};
  cr_assert(coverage_add(&coverage, 5000 + 2 * GAP, 5400, GAP),
            "far from what is written is for the database to judge");
  expect(&coverage, (struct coverage){1, 5360, 5400, 5360, 0, 0});
}

/* The promise itself, by brute force: a state that lasted longer than longest_gap was on some listing. A listing reads each
 * account at one moment between its start and its end, the worst one. */
Test(coverage, no_longer_state_goes_unseen) {
  unsigned seed = 7;
  for (int oneshot = 0; oneshot < 2000; oneshot++) {
    struct coverage coverage = {0};
    int64_t at = 1000, previous_start = 0, before_previous_start = 0, previous_end = 0, worst = 0;
    for (int sweep = 0; sweep < 6; sweep++) {
      int64_t start = at + (int64_t)((seed = seed * 1103515245u + 12345u) >> 16) % 50 + 1;
      int64_t end = start + (int64_t)((seed = seed * 1103515245u + 12345u) >> 16) % 40;
      cr_assert(coverage_add(&coverage, start, end, 1000));
      if (sweep >= 2) /* seen at the start of the one before last, next at the end of the last: both are history now */
        worst = previous_end - before_previous_start > worst ? previous_end - before_previous_start : worst;
      if (sweep >= 1)
        worst = start - previous_start > worst ? start - previous_start : worst;
      before_previous_start = previous_start;
      previous_start = start;
      previous_end = end;
      at = end;
    }
    cr_assert_eq(coverage.longest_gap_us, worst, "round %d: %lld, not %lld", oneshot,
                 (long long)coverage.longest_gap_us, (long long)worst);
  }
}
