/* Jitter: repeatable, in bounds, spread. */
#include "base/random.h"
#include <criterion/criterion.h>

Test(random, a_seed_repeats) {
  struct random left, right, other;
  random_seed(&left, 42);
  random_seed(&right, 42);
  random_seed(&other, 43);
  int differences = 0;
  for (int i = 0; i < 100; i++) {
    int64_t value = random_between(&left, 0, 1000000);
    cr_assert_eq(value, random_between(&right, 0, 1000000));
    differences += value != random_between(&other, 0, 1000000);
  }
  cr_assert_gt(differences, 90);
}

Test(random, both_ends_are_reached_and_never_passed) {
  struct random random;
  random_seed(&random, 1);
  int seen[7] = {0};
  for (int i = 0; i < 7000; i++) {
    int64_t value = random_between(&random, -3, 3);
    cr_assert(value >= -3 && value <= 3);
    seen[value + 3]++;
  }
  for (int i = 0; i < 7; i++)
    cr_assert(seen[i] > 800 && seen[i] < 1200, "%d came %d times", i - 3, seen[i]);
}

Test(random, narrow_and_wide_ranges) {
  struct random random;
  random_seed(&random, 7);
  cr_assert_eq(random_between(&random, 5, 5), 5);
  cr_assert_eq(random_between(&random, 5, 4), 5);
  int negative = 0;
  for (int i = 0; i < 1000; i++)
    negative += random_between(&random, INT64_MIN, INT64_MAX) < 0;
  cr_assert(negative > 400 && negative < 600);
}

Test(random, the_system_gives_different_seeds) {
  struct random left, right;
  random_seed_system(&left);
  random_seed_system(&right);
  cr_assert_neq(left.state, right.state);
}
