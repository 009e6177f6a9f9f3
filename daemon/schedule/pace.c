/* Regularity and retreat. A healthy organization keeps to its grid, whatever one sweep took; a failing one backs off exponentially
 * with full jitter on top of its interval, to 15 minutes at most, and is back on its grid at once. */
#include "schedule/pace.h"

enum { DOUBLINGS_MAX = 20, SPREAD_EACH_MS = 50 };

int64_t pace_spread_ms(int count, int64_t interval_ms) {
  int64_t spread_ms = (int64_t)count * SPREAD_EACH_MS;
  return spread_ms < interval_ms ? spread_ms : interval_ms;
}

void pace_init(struct pace *pace, int64_t interval_ms, double jitter, int64_t first_ms) {
  *pace = (struct pace){.interval_ms = interval_ms, .jitter = jitter, .slot_ms = first_ms};
}

static int64_t next_slot(struct pace *pace, int64_t now_ms) {
  if (pace->slot_ms <= now_ms)
    pace->slot_ms += ((now_ms - pace->slot_ms) / pace->interval_ms + 1) * pace->interval_ms;
  return pace->slot_ms;
}

static int64_t backed_off(const struct pace *pace, struct random *random, int64_t now_ms) {
  int doublings = pace->failures < DOUBLINGS_MAX ? pace->failures : DOUBLINGS_MAX;
  int64_t ceiling_ms = pace->interval_ms;
  while (doublings-- > 0 && ceiling_ms < PACE_LONGEST_MS)
    ceiling_ms *= 2;
  if (ceiling_ms > PACE_LONGEST_MS)
    ceiling_ms = PACE_LONGEST_MS > pace->interval_ms ? PACE_LONGEST_MS : pace->interval_ms;
  return now_ms + random_between(random, pace->interval_ms, ceiling_ms);
}

int64_t pace_next(struct pace *pace, struct random *random, enum pace_ending ending, int64_t now_ms,
                  int64_t not_before_ms) {
  int64_t late_ms = random_between(random, 0, (int64_t)(pace->jitter * (double)pace->interval_ms)), due_ms = 0;
  pace->failures = ending == PACE_WELL ? 0 : pace->failures + 1;
  int64_t slot_ms = next_slot(pace, now_ms);
  switch (ending) {
  case PACE_DEAD_KEY:
    due_ms = now_ms + (pace->interval_ms > PACE_LONGEST_MS ? pace->interval_ms : PACE_LONGEST_MS);
    break;
  case PACE_FAILED:
    due_ms = backed_off(pace, random, now_ms);
    break;
  case PACE_WELL:
    due_ms = slot_ms + late_ms;
    break;
  }
  return due_ms > not_before_ms ? due_ms : not_before_ms;
}
