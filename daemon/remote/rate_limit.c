#include "remote/rate_limit.h"

/* What this file is for: using most of a budget and never more. What was sent is counted here; a reply
 * says what was left when the server counted it, and corrects that. At the beginning and after a reset
 * one request goes first and brings the count. Where none is ever told, the first 429 makes them go one by one. */

enum { ASK_AGAIN_MS = 20, ROUNDING_MS = 1000 /* resets are told in whole seconds, rounded up */ };

void budget_init(struct budget *budget) { *budget = (struct budget){.remaining = -1}; }

int64_t budget_blocked_ms(const struct budget *budget, int64_t now_ms) {
  int64_t blocked = budget->blocked_until_ms - now_ms;
  bool used_up = budget->known && budget->left <= 0 && budget->in_flight == 0; /* else an answer may tell of more */
  int64_t reset = used_up ? budget->reset_at_ms - now_ms : 0;
  int64_t longer = blocked > reset ? blocked : reset;
  return longer > 0 ? longer : 0;
}

int64_t budget_wait_ms(const struct budget *budget, int64_t now_ms) {
  if (now_ms < budget->blocked_until_ms)
    return budget->blocked_until_ms - now_ms;
  if (!budget->known)
    return budget->in_flight > 0 && (!budget->heard || budget->sparing) ? ASK_AGAIN_MS : 0;
  if (budget->left > 0)
    return 0;
  if (budget->in_flight > 0) /* an answer may tell of more */
    return ASK_AGAIN_MS;
  return now_ms < budget->reset_at_ms ? budget->reset_at_ms - now_ms : 0;
}

void budget_sent(struct budget *budget, int64_t now_ms) {
  budget->in_flight++;
  budget->left--;
  if (budget->known && now_ms >= budget->reset_at_ms)
    budget->left = 0; /* this one asks for the new count; the others wait for its answer */
}

/* `left` already counts what is in flight; answers come in any order, so within a window an older, higher count says nothing. A lower
 * one says that somebody else uses this key too, and what is in flight may not be in it yet. */
static void take_count(struct budget *budget, int64_t now_ms, const struct rate_limit *rate) {
  int64_t reset_at_ms = now_ms + (rate->reset_ms >= 0 ? rate->reset_ms : 0);
  bool same_window = budget->known && now_ms < budget->reset_at_ms;
  budget->remaining = rate->remaining;
  budget->known = rate->reset_ms >= 0;
  if (!same_window || rate->remaining < budget->left)
    budget->left = rate->remaining - budget->in_flight;
  if (!same_window || reset_at_ms > budget->reset_at_ms + ROUNDING_MS)
    budget->reset_at_ms = reset_at_ms;
}

void budget_answered(struct budget *budget, int64_t now_ms, const struct verdict_reading *reading) {
  budget->in_flight--;
  budget->heard = true;
  if (reading == NULL)
    return;
  if (reading->rate.known && reading->rate.remaining >= 0)
    take_count(budget, now_ms, &reading->rate);
  if (reading->verdict != VERDICT_WAIT)
    return;
  budget->sparing = true;
  if (now_ms + reading->wait_ms > budget->blocked_until_ms)
    budget->blocked_until_ms = now_ms + reading->wait_ms;
  budget->left = 0;
}
