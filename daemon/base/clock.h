#pragma once
/* Monotonic time as a type, so that tests turn a week into milliseconds. */
#include <stdint.h>

struct clock {
  int64_t (*now_ms)(void *context);
  void *context;
};

struct clock clock_monotonic(void);
int64_t clock_now_ms(const struct clock *clock);

/* The double: time stands still until moved. */
struct clock clock_manual(int64_t *now_ms);
