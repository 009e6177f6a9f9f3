/* Counts what the scheduler reports, and says what it comes to: a state, late or not, ready or not. */
#include "monitor/health.h"
#include <string.h>

enum { LATE_INTERVALS = 3 };

const int64_t health_bounds_ms[HISTOGRAM_BUCKETS] = {100,   250,   500,   1000,   2500,   5000,
                                                     10000, 30000, 60000, 120000, 300000, 600000};

void health_organization_init(struct health_organization *organization, const char *name, int64_t interval_ms,
                              int64_t now_ms) {
  *organization = (struct health_organization){.name = name,
                                               .interval_ms = interval_ms,
                                               .succeeded_at_ms = now_ms,
                                               .next_sweep_ms = now_ms,
                                               .rate_limit_remaining = -1};
}

void health_count_requests(struct health_organization *organization, int status, int64_t requests) {
  if (status == 0) {
    organization->unanswered_requests += requests;
    return;
  }
  for (int i = 0; i < HEALTH_CODES; i++) {
    struct health_code *code = &organization->codes[i];
    if (code->status == 0)
      code->status = status;
    if (code->status == status) {
      code->requests += requests;
      return;
    }
  }
  organization->other_requests += requests;
}

void health_clear_accounts(struct health_organization *organization) {
  organization->other_accounts = 0;
  organization->broken = 0;
  memset(organization->in_error, 0, sizeof organization->in_error);
  for (int i = 0; i < HEALTH_TYPES; i++) /* the names stay: a type that is gone has 0 accounts, and does not vanish */
    organization->types[i].accounts = 0;
}

void health_count_accounts(struct health_organization *organization, struct slice type, int64_t accounts) {
  bool storable = type.length > 0 && type.length < HEALTH_TYPE_BYTES && memchr(type.bytes, '\0', type.length) == NULL;
  for (int i = 0; storable && i < HEALTH_TYPES; i++) {
    struct health_type *kept = &organization->types[i];
    if (kept->name[0] == '\0')
      memcpy(kept->name, type.bytes, type.length);
    if (slice_equals(type, kept->name)) {
      kept->accounts += accounts;
      return;
    }
  }
  organization->other_accounts += accounts;
}

int64_t health_accounts(const struct health_organization *organization) {
  int64_t accounts = organization->other_accounts;
  for (int i = 0; i < HEALTH_TYPES && organization->types[i].name[0] != '\0'; i++)
    accounts += organization->types[i].accounts;
  return accounts;
}

void health_count_sweep(struct health *health, struct health_organization *organization, const struct report *report) {
  organization->outcome_known = true;
  organization->outcome = report->outcome;
  organization->sweeps[report->outcome]++;
  organization->added += report->added;
  organization->changed += report->changed;
  organization->removed += report->removed;
  organization->repaired += report->repaired;
  histogram_count(&health->sweeps, health_bounds_ms, report->elapsed_ms);
  if (report->outcome != OUTCOME_FAILED)
    organization->rejected = report->rejected;
  if (report->outcome == OUTCOME_FAILED || report->outcome == OUTCOME_INCOMPLETE) {
    organization->consecutive_failures++;
    return;
  }
  organization->gaps += report->gap ? 1 : 0;
  organization->consecutive_failures = 0;
  organization->succeeded_at_ms = health->now_ms;
  organization->last_success_s = health->now_s;
}

const char *health_direction_name(enum health_direction direction) {
  static const char *const names[HEALTH_DIRECTIONS] = {"send", "receive", "calendar"};
  return names[direction];
}

const char *health_state_name(enum health_state state) {
  static const char *const names[HEALTH_STATES] = {"never", "failing", "late", "guarded", "well"};
  return names[state];
}

const struct health_organization *health_find(const struct health *health, const char *name) {
  for (int i = 0; i < health->organization_count; i++)
    if (strcmp(health->organizations[i]->name, name) == 0)
      return health->organizations[i];
  return NULL;
}

enum health_state health_state(const struct health *health, const struct health_organization *organization) {
  if (organization->last_success_s == 0)
    return HEALTH_NEVER;
  if (organization->consecutive_failures > 0)
    return HEALTH_FAILING;
  if (health_is_late(health, organization))
    return HEALTH_LATE;
  if (organization->outcome_known && organization->outcome == OUTCOME_GUARDED)
    return HEALTH_GUARDED;
  return HEALTH_WELL;
}

int64_t health_ahead_us(const struct health *health) {
  int64_t ahead_us = 0;
  for (int i = 0; i < health->organization_count; i++)
    if (health->organizations[i]->ahead_us > ahead_us)
      ahead_us = health->organizations[i]->ahead_us;
  return ahead_us;
}

bool health_is_late(const struct health *health, const struct health_organization *organization) {
  return health->now_ms - organization->succeeded_at_ms > LATE_INTERVALS * organization->interval_ms;
}

bool health_is_ready(const struct health *health) {
  bool ready = health->organization_count == 0;
  for (int i = 0; !ready && i < health->organization_count; i++)
    ready = !health_is_late(health, health->organizations[i]);
  return ready && health->database_up && health->database_refusal == NULL;
}
