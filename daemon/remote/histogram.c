#include "remote/histogram.h"

void histogram_count(struct histogram *histogram, const int64_t bounds_ms[HISTOGRAM_BUCKETS], int64_t ms) {
  int bucket = 0;
  while (bucket < HISTOGRAM_BUCKETS && ms > bounds_ms[bucket])
    bucket++;
  histogram->counts[bucket]++;
  histogram->sum_ms += ms;
}

void histogram_add(struct histogram *sum, const struct histogram *other) {
  for (int i = 0; i <= HISTOGRAM_BUCKETS; i++)
    sum->counts[i] += other->counts[i];
  sum->sum_ms += other->sum_ms;
}
