/* Fixed windows: simple enough that a test can say which request is the first refused one. */
#include "sim/limit.h"

uint64_t limiter_reset_ms(const struct limiter *limiter, uint64_t now_ms) {
  uint64_t end = limiter->window_start_ms + limiter->window_ms;
  return end > now_ms ? end - now_ms : 0;
}

enum admission limiter_admit(struct limiter *limiter, uint64_t now_ms) {
  if (!limiter->limit)
    return ADMITTED;
  if (limiter->ban_after && limiter->violations >= limiter->ban_after)
    return BANNED;
  if (!limiter->window_start_ms || limiter_reset_ms(limiter, now_ms) == 0) {
    limiter->window_start_ms = now_ms;
    limiter->used = 0;
    limiter->refused = false;
  }
  if (++limiter->used <= limiter->limit)
    return ADMITTED;
  limiter->violations += limiter->refused;
  limiter->refused = true;
  return limiter->ban_after && limiter->violations >= limiter->ban_after ? BANNED : REFUSED;
}
