/* Uses most of what Close allows a key, and never more. What was sent is counted here; a reply says what was left when the server
 * counted it, and corrects that. At the beginning and after a reset one request goes first and brings the count. Where none is ever
 * told, the first 429 makes them go one by one. */
#include "remote/rate_limit.h"

enum { ASK_AGAIN_MS = 20, ROUNDING_MS = 1000 /* resets are told in whole seconds, rounded up */ };

void rate_limit_init(struct rate_limit *rate_limit) { *rate_limit = (struct rate_limit){.remaining = -1}; }

int64_t rate_limit_blocked_ms(const struct rate_limit *rate_limit, int64_t now_ms) {
  int64_t blocked = rate_limit->blocked_until_ms - now_ms;
  bool used_up =
      rate_limit->known && rate_limit->left <= 0 && rate_limit->in_flight == 0; /* else an answer may tell of more */
  int64_t reset = used_up ? rate_limit->reset_at_ms - now_ms : 0;
  int64_t longer = blocked > reset ? blocked : reset;
  return longer > 0 ? longer : 0;
}

void rate_limit_doubt(struct rate_limit *rate_limit, int64_t now_ms) {
  if (rate_limit->in_flight == 0 && rate_limit_blocked_ms(rate_limit, now_ms) == 0)
    rate_limit->known = rate_limit->heard = false;
}

int64_t rate_limit_wait_ms(const struct rate_limit *rate_limit, int64_t now_ms) {
  if (now_ms < rate_limit->blocked_until_ms)
    return rate_limit->blocked_until_ms - now_ms;
  if (!rate_limit->known)
    return rate_limit->in_flight > 0 && (!rate_limit->heard || rate_limit->sparing) ? ASK_AGAIN_MS : 0;
  if (rate_limit->left > 0)
    return 0;
  if (rate_limit->in_flight > 0) /* an answer may tell of more */
    return ASK_AGAIN_MS;
  return now_ms < rate_limit->reset_at_ms ? rate_limit->reset_at_ms - now_ms : 0;
}

void rate_limit_sent(struct rate_limit *rate_limit, int64_t now_ms) {
  rate_limit->in_flight++;
  rate_limit->left--;
  if (rate_limit->known && now_ms >= rate_limit->reset_at_ms)
    rate_limit->left = 0; /* this one asks for the new count; the others wait for its answer */
}

/* `left` already counts what is in flight; answers come in any order, so within a window an older, higher count says nothing. A lower
 * one says that somebody else uses this key too, and what is in flight may not be in it yet. */
static void take_count(struct rate_limit *rate_limit, int64_t now_ms, const struct rate_reading *rate) {
  int64_t reset_at_ms = now_ms + (rate->reset_ms >= 0 ? rate->reset_ms : 0);
  bool same_window = rate_limit->known && now_ms < rate_limit->reset_at_ms;
  rate_limit->remaining = rate->remaining;
  rate_limit->known = rate->reset_ms >= 0;
  if (!same_window || rate->remaining < rate_limit->left)
    rate_limit->left = rate->remaining - rate_limit->in_flight;
  if (!same_window || reset_at_ms > rate_limit->reset_at_ms + ROUNDING_MS)
    rate_limit->reset_at_ms = reset_at_ms;
}

void rate_limit_answered(struct rate_limit *rate_limit, int64_t now_ms, const struct verdict_reading *reading) {
  rate_limit->in_flight--;
  rate_limit->heard = true;
  if (reading == NULL)
    return;
  if (reading->rate.known && reading->rate.remaining >= 0)
    take_count(rate_limit, now_ms, &reading->rate);
  if (reading->verdict != VERDICT_WAIT)
    return;
  rate_limit->sparing = true;
  if (now_ms + reading->wait_ms > rate_limit->blocked_until_ms)
    rate_limit->blocked_until_ms = now_ms + reading->wait_ms;
  rate_limit->left = 0;
}
