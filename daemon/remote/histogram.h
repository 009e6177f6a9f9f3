#pragma once
/* How long things took, counted in buckets. Pure. */
#include <stdint.h>

enum { HISTOGRAM_BUCKETS = 12 };

struct histogram {
  int64_t counts[HISTOGRAM_BUCKETS + 1]; /* of at most bounds_ms[i], not cumulated; the last: longer */
  int64_t sum_ms;
};

/* `bounds_ms` rises; the same ones each time. */
void histogram_count(struct histogram *histogram, const int64_t bounds_ms[HISTOGRAM_BUCKETS], int64_t ms);
void histogram_add(struct histogram *sum, const struct histogram *other);
