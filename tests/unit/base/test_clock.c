/* The two clocks. */
#include "base/clock.h"
#include <criterion/criterion.h>
#include <time.h>

Test(clock, monotonic_moves_forward) {
  struct clock clock = clock_monotonic();
  int64_t before = clock_now_ms(&clock);
  nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
  int64_t after = clock_now_ms(&clock);
  cr_assert_geq(after - before, 4);
  cr_assert_lt(after - before, 5000);
}

Test(clock, manual_stands_still_until_moved) {
  int64_t now_ms = 5;
  struct clock clock = clock_manual(&now_ms);
  cr_assert_eq(clock_now_ms(&clock), 5);
  now_ms += 7 * 86400000LL;
  cr_assert_eq(clock_now_ms(&clock), 604800005);
}
