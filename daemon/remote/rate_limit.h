#pragma once
/* What Close allows one key: requests until the reset, told by RateLimit headers and by 429 (close-api.md section 4). Shared by all
 * requests of that key, so that we slow down before the 429 and never ask below what was asked of us. Pure; monotonic times. */
#include "crm/verdict.h"
#include <stdbool.h>

struct rate_limit { /* zeroed: nothing is known */
  bool known;       /* `left` and `reset_at_ms` were told */
  bool heard;       /* some request has ended; until then one goes first */
  bool sparing;     /* there was a 429: where no count is told, one request at a time */
  int64_t left;     /* requests that may still be sent before the reset */
  int64_t reset_at_ms;
  int64_t blocked_until_ms; /* a 429 said so */
  int64_t remaining;        /* as last told, for people; -1: never */
  int in_flight;
};

void rate_limit_init(struct rate_limit *rate_limit);
/* Somebody else may have used the key meanwhile: a count of what is left is none any more, and one request goes first
 * again. What was used up until a reset stays so. */
void rate_limit_doubt(struct rate_limit *rate_limit, int64_t now_ms);
/* How long to wait before the next request; 0: send it now. Ask again after waiting. */
int64_t rate_limit_wait_ms(const struct rate_limit *rate_limit, int64_t now_ms);
/* How long nothing may be sent at all: for planning the next sweep. */
int64_t rate_limit_blocked_ms(const struct rate_limit *rate_limit, int64_t now_ms);
void rate_limit_sent(struct rate_limit *rate_limit, int64_t now_ms);
/* Once per request sent; `reading` NULL when no answer came. */
void rate_limit_answered(struct rate_limit *rate_limit, int64_t now_ms, const struct verdict_reading *reading);
