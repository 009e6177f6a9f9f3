#include "store/coverage.h"

static int64_t larger(int64_t left, int64_t right) { return left > right ? left : right; }

bool coverage_add(struct coverage *coverage, int64_t started_at_us, int64_t ended_at_us, int64_t gap_us) {
  int64_t before = coverage->until_at_us, distance = started_at_us - before;
  int64_t hidden_us =
      distance < 0 ? gap_us - distance : 0; /* the clock went back; the next may be a gap after `before` */
  if (coverage->sweeps == 0) {
    *coverage = (struct coverage){1, started_at_us, ended_at_us, started_at_us, 0, hidden_us};
    return true;
  }
  if (distance > gap_us)
    return false;
  if (distance <= 0) { /* nothing new is covered */
    coverage->pending_gap_us = larger(coverage->pending_gap_us, hidden_us);
    return true;
  }
  coverage->longest_gap_us = larger(coverage->longest_gap_us, larger(coverage->pending_gap_us, distance));
  coverage->pending_gap_us = ended_at_us - before;
  coverage->until_at_us = started_at_us;
  coverage->sweeps++;
  return true;
}
