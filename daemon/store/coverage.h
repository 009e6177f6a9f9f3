#pragma once
/* Complete sweeps that are not yet in the database, added up: the arithmetic of the table `coverage`. Pure. */
#include "base/moment.h"
#include <stdbool.h>

/* Times are the database's, in microseconds since 1970; distances are in microseconds.
 *
 * A state can hide between the moments at which two listings showed one account: at most from the start of the first listing to
 * the end of the second. So the distance that counts is start to start while the second is the last one (until_at is its start),
 * and start to end as soon as a third one follows. When the database's clock goes back, a sweep may
 * begin before until_at. Such a sweep covers nothing: what happened between it and the next one may be hidden, for as long as the clock
 * went back plus one gap. */
struct coverage {
  int64_t sweeps; /* 0: empty */
  int64_t from_at_us, first_ended_at_us;
  int64_t until_at_us; /* of an empty one: of what is written; 0: unknown */
  int64_t longest_gap_us, pending_gap_us;
};

/* Add a complete sweep. False: it is further than `gap_us` from the last one, so what is there must be written first. */
bool coverage_add(struct coverage *coverage, int64_t started_at_us, int64_t ended_at_us, int64_t gap_us)
    __attribute__((warn_unused_result));
