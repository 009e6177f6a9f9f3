#include "sync/budget.h"

/* What this file is for: using most of a budget and never more. A reply says what was left when the server counted it; whatever is
 * in flight at that moment may or may not be counted already, so it is subtracted once more. At the beginning and after a reset
 * one request goes first and brings the count. Where none is ever told, the first 429 makes them go one by one. */

enum { ASK_AGAIN_MS = 20 };

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

void budget_answered(struct budget *budget, int64_t now_ms, const struct verdict_reading *reading) {
  budget->in_flight--;
  budget->heard = true;
  if (reading == NULL)
    return;
  const struct rate_limit *rate = &reading->rate;
  if (rate->known && rate->remaining >= 0) {
    budget->known = rate->reset_ms >= 0;
    budget->remaining = rate->remaining;
    budget->left = rate->remaining - budget->in_flight;
    budget->reset_at_ms = now_ms + (rate->reset_ms >= 0 ? rate->reset_ms : 0);
  }
  if (reading->verdict != VERDICT_WAIT)
    return;
  budget->sparing = true;
  if (now_ms + reading->wait_ms > budget->blocked_until_ms)
    budget->blocked_until_ms = now_ms + reading->wait_ms;
  budget->left = 0;
}
