/* Durations in buckets. */
#include "remote/histogram.h"
#include <criterion/criterion.h>

static const int64_t bounds_ms[HISTOGRAM_BUCKETS] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 20, 30};

Test(histogram, a_bound_belongs_to_its_bucket) {
  static const struct {
    int64_t ms;
    int bucket;
  } rows[] = {{0, 0}, {1, 0}, {2, 1}, {10, 9}, {11, 10}, {30, 11}, {31, 12}, {1000000, 12}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    struct histogram histogram = {0};
    histogram_count(&histogram, bounds_ms, rows[i].ms);
    cr_assert_eq(histogram.counts[rows[i].bucket], 1, "%lld ms", (long long)rows[i].ms);
    cr_assert_eq(histogram.sum_ms, rows[i].ms);
  }
}

Test(histogram, two_are_one) {
  struct histogram left = {0}, right = {0};
  histogram_count(&left, bounds_ms, 5);
  histogram_count(&right, bounds_ms, 5);
  histogram_count(&right, bounds_ms, 100);
  histogram_add(&left, &right);
  cr_assert_eq(left.counts[4], 2);
  cr_assert_eq(left.counts[HISTOGRAM_BUCKETS], 1);
  cr_assert_eq(left.sum_ms, 110);
}
