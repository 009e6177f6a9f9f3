/* CLOCK_MONOTONIC in milliseconds, and a clock that a test moves by hand. */
#include "base/clock.h"
#include <stddef.h>
#include <time.h>

static int64_t monotonic_now(void *context) {
  (void)context;
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now); /* cannot fail for this clock */
  return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

struct clock clock_monotonic(void) {
  return (struct clock){.now_ms = monotonic_now, .context = NULL};
}

int64_t clock_now_ms(const struct clock *clock) { return clock->now_ms(clock->context); }

static int64_t manual_now(void *context) { return *(const int64_t *)context; }

struct clock clock_manual(int64_t *now_ms) {
  return (struct clock){.now_ms = manual_now, .context = now_ms};
}
