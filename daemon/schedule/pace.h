#pragma once
/* When an organization's next sweep is due. Pure; monotonic times, so that a jump of the wall clock neither stalls nor storms. */
#include "base/random.h"
#include <stdbool.h>
#include <stdint.h>

enum { PACE_LONGEST_MS = 15 * 60 * 1000 };

enum pace_ending {
  PACE_WELL,
  PACE_FAILED,
  PACE_DEAD_KEY, /* Close refused the key, and /me/ said so too */
};

struct pace {
  int64_t interval_ms;
  double jitter;   /* share of the interval that a firing may be late; never early, never adding up */
  int64_t slot_ms; /* the grid: the next firing's place without jitter */
  int failures;    /* in a row */
};

/* Over how long the first sweeps of `count` organizations are spread: a few are swept at once, a thousand do not fire together. */
int64_t pace_spread_ms(int count, int64_t interval_ms);
/* `first_ms`: when the first sweep is due. */
void pace_init(struct pace *pace, int64_t interval_ms, double jitter, int64_t first_ms);
/* When the next sweep is due after one that ended now. `not_before_ms`: a rate limit's word. */
int64_t pace_next(struct pace *pace, struct random *random, enum pace_ending ending, int64_t now_ms,
                  int64_t not_before_ms);
