/* A rate limiter per key: so many requests per window, and a ban for who goes on after a 429. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct limiter {
  unsigned int limit; /* requests per window; 0: none */
  uint32_t window_ms;
  unsigned int ban_after; /* violations (requests sent before the reset a 429 named) until 403 for ever; 0: never */
  uint64_t window_start_ms;
  unsigned int used;
  unsigned int violations;
  bool refused; /* a 429 was sent in this window */
};

enum admission { ADMITTED, REFUSED, BANNED };

/* Counts one request at now_ms (any monotonic clock). */
enum admission limiter_admit(struct limiter *limiter, uint64_t now_ms);

/* Milliseconds until the window ends. */
uint64_t limiter_reset_ms(const struct limiter *limiter, uint64_t now_ms);
