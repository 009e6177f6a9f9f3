/* One table, a line per metric. Names are stable (contract section 10). */
#include "monitor/organization_metrics.h"
#include "monitor/exposition.h"
#include <stddef.h>
#include <stdio.h>

static void sample(struct buffer *text, const char *name, const struct health_organization *organization,
                   const char *label, const char *value, int64_t number) {
  exposition_sample(text, name, organization->name, label == NULL ? NULL : (const char *[]){label, value}, number);
}

static void write_accounts(const struct health_organization *organization, const char *name, struct buffer *text) {
  for (int i = 0; i < HEALTH_TYPES && organization->types[i].name[0] != '\0'; i++)
    sample(text, name, organization, "type", organization->types[i].name, organization->types[i].accounts);
  if (organization->other_accounts > 0) /* Close has no type of this name */
    sample(text, name, organization, "type", "_other", organization->other_accounts);
}

static void write_in_error(const struct health_organization *organization, const char *name, struct buffer *text) {
  for (int i = 0; i < HEALTH_DIRECTIONS; i++)
    sample(text, name, organization, "direction", health_direction_name((enum health_direction)i),
           organization->in_error[i]);
}

static void write_sweeps(const struct health_organization *organization, const char *name, struct buffer *text) {
  for (int i = 0; i < HEALTH_OUTCOMES; i++)
    sample(text, name, organization, "outcome", outcome_name((enum outcome)i), organization->sweeps[i]);
}

static void write_changes(const struct health_organization *organization, const char *name, struct buffer *text) {
  sample(text, name, organization, "change", "added", organization->added);
  sample(text, name, organization, "change", "changed", organization->changed);
  sample(text, name, organization, "change", "removed", organization->removed);
}

static void write_requests(const struct health_organization *organization, const char *name, struct buffer *text) {
  for (int i = 0; i < HEALTH_CODES && organization->codes[i].status != 0; i++) {
    char code[16];
    snprintf(code, sizeof code, "%d", organization->codes[i].status);
    sample(text, name, organization, "code", code, organization->codes[i].requests);
  }
  if (organization->other_requests > 0)
    sample(text, name, organization, "code", "other", organization->other_requests);
  sample(text, name, organization, "code", "none", organization->unanswered_requests);
}

static void write_interval(const struct health_organization *organization, const char *name, struct buffer *text) {
  exposition_fraction(text, name, organization->name, organization->interval_ms);
}

static void write_token_expires(const struct health_organization *organization, const char *name, struct buffer *text) {
  if (organization->token_expires_s != 0)
    sample(text, name, organization, NULL, NULL, organization->token_expires_s);
}

static void write_rate_limit(const struct health_organization *organization, const char *name, struct buffer *text) {
  if (organization->rate_limit_remaining >= 0)
    sample(text, name, organization, NULL, NULL, organization->rate_limit_remaining);
}

#define INT64(member) NULL, offsetof(struct health_organization, member), ORGANIZATION_INT64
#define INT(member)   NULL, offsetof(struct health_organization, member), ORGANIZATION_INT
#define BOOL(member)  NULL, offsetof(struct health_organization, member), ORGANIZATION_BOOL

/* clang-format off */
static const struct organization_metric metrics[] = {
    {"closesyncd_accounts", "gauge", "Connected accounts in the mirror.", true, write_accounts, 0, 0},
    {"closesyncd_accounts_in_error", "gauge", "Connected accounts that cannot send, receive or reach their calendar.", true, write_in_error, 0, 0},
    {"closesyncd_rejected_accounts", "gauge", "Entries that cannot be stored and are set aside.", true, INT64(rejected)},
    {"closesyncd_sweeps_total", "counter", "Sweeps that ended, by outcome.", true, write_sweeps, 0, 0},
    {"closesyncd_changes_total", "counter", "Changes written to the history.", true, write_changes, 0, 0},
    {"closesyncd_repaired_total", "counter", "Accounts whose mirror rows differed from their document.", true, INT64(repaired)},
    {"closesyncd_sweep_interval_seconds", "gauge", "From one sweep to the next, as configured.", false, write_interval, 0, 0},
    {"closesyncd_last_success_timestamp_seconds", "gauge", "When a sweep last ended well; 0 is never.", false, INT64(last_success_s)},
    {"closesyncd_consecutive_failures", "gauge", "Failed and incomplete sweeps since the last good one.", false, INT(consecutive_failures)},
    {"closesyncd_key_refused", "gauge", "Whether Close refuses the key or token, or it cannot be read.", false, BOOL(key_refused)},
    {"closesyncd_authorize_needed", "gauge", "Whether somebody has to run closesyncd authorize.", false, BOOL(authorize_needed)},
    {"closesyncd_token_expires_timestamp_seconds", "gauge", "When the access token expires, where known.", false, write_token_expires, 0, 0},
    {"closesyncd_removals_held", "gauge", "Accounts that the removal guard holds back.", true, INT64(removals_held)},
    {"closesyncd_skipped_turns_total", "counter", "Turns that were skipped because another process had the lock.", true, INT64(skipped_turns)},
    {"closesyncd_coverage_gaps_total", "counter", "Gaps in the coverage: times longer than sync.gap without a complete sweep.", true, INT64(gaps)},
    {"closesyncd_mirror_verify_timestamp_seconds", "gauge", "When a sweep last compared everything; 0 is never.", false, INT64(verified_at_s)},
    {"closesyncd_history_verified", "gauge", "Whether the last verify --record proved history and mirror; 0 also before the first one.", false, BOOL(history_is_proven)},
    {"closesyncd_history_verify_timestamp_seconds", "gauge", "When verify --record last ended; 0 is never.", false, INT64(history_verified_s)},
    {"closesyncd_http_requests_total", "counter", "Requests to Close by status; none is no answer.", true, write_requests, 0, 0},
    {"closesyncd_rate_limit_remaining", "gauge", "Requests left in the present window, where known.", false, write_rate_limit, 0, 0},
};
/* clang-format on */

const struct organization_metric *organization_metric(size_t index) {
  return index < sizeof metrics / sizeof *metrics ? &metrics[index] : NULL;
}

static int64_t number_of(const struct organization_metric *metric, const struct health_organization *organization) {
  const char *at = (const char *)organization + metric->at;
  switch (metric->kind) {
  case ORGANIZATION_INT64:
    return *(const int64_t *)(const void *)at;
  case ORGANIZATION_INT:
    return *(const int *)(const void *)at;
  case ORGANIZATION_BOOL:
    return *(const bool *)(const void *)at;
  }
  return 0;
}

void organization_metric_write(const struct organization_metric *metric, const struct health_organization *organization,
                               struct buffer *text) {
  if (metric->write != NULL)
    metric->write(organization, metric->name, text);
  else
    exposition_sample(text, metric->name, organization->name, NULL, number_of(metric, organization));
}

void organization_metrics_add(struct health_organization *total, const struct health_organization *organization) {
  for (int i = 0; i < HEALTH_TYPES && organization->types[i].name[0] != '\0'; i++)
    health_count_accounts(total, slice_of(organization->types[i].name), organization->types[i].accounts);
  for (int i = 0; i < HEALTH_CODES && organization->codes[i].status != 0; i++)
    health_count_requests(total, organization->codes[i].status, organization->codes[i].requests);
  for (int i = 0; i < HEALTH_DIRECTIONS; i++)
    total->in_error[i] += organization->in_error[i];
  for (int i = 0; i < HEALTH_OUTCOMES; i++)
    total->sweeps[i] += organization->sweeps[i];
  total->other_accounts += organization->other_accounts;
  total->other_requests += organization->other_requests;
  total->unanswered_requests += organization->unanswered_requests;
  total->added += organization->added;
  total->changed += organization->changed;
  total->removed += organization->removed;
  total->repaired += organization->repaired;
  total->rejected += organization->rejected;
  total->gaps += organization->gaps;
  total->skipped_turns += organization->skipped_turns;
  total->removals_held += organization->removals_held;
}
