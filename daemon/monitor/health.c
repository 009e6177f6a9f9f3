#include "monitor/health.h"
#include "base/moment.h"
#include <string.h>

/* What this file is for: keeping the numbers and saying in JSON what they mean. It promises that a reply is a whole JSON value or
 * nothing, and that 10,000 failing organizations do not make /readyz long. */

enum { LATE_INTERVALS = 3, REASONS_MAX = 100 };

const int64_t health_bounds_ms[HEALTH_BUCKETS] = {100,   250,   500,   1000,   2500,   5000,
                                                  10000, 30000, 60000, 120000, 300000, 600000};

void health_organization_init(struct health_organization *organization, const char *name, int64_t interval_ms,
                              int64_t now_ms) {
  *organization = (struct health_organization){.name = name,
                                               .interval_ms = interval_ms,
                                               .succeeded_at_ms = now_ms,
                                               .next_sweep_ms = now_ms,
                                               .rate_limit_remaining = -1};
}

void health_count_request(struct health_organization *organization, int status) {
  if (status == 0) {
    organization->unanswered_requests++;
    return;
  }
  for (int i = 0; i < HEALTH_CODES; i++) {
    struct health_code *code = &organization->codes[i];
    if (code->status == 0)
      code->status = status;
    if (code->status == status) {
      code->requests++;
      return;
    }
  }
  organization->other_requests++;
}

void health_clear_accounts(struct health_organization *organization) {
  organization->other_accounts = 0;
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

static void count_duration(struct health *health, int64_t elapsed_ms) {
  int bucket = 0;
  while (bucket < HEALTH_BUCKETS && elapsed_ms > health_bounds_ms[bucket])
    bucket++;
  health->durations[bucket]++;
  health->duration_sum_ms += elapsed_ms;
}

void health_count_sweep(struct health *health, struct health_organization *organization, const struct report *report) {
  organization->outcome_known = true;
  organization->outcome = report->outcome;
  organization->sweeps[report->outcome]++;
  organization->added += report->added;
  organization->changed += report->changed;
  organization->removed += report->removed;
  count_duration(health, report->elapsed_ms);
  if (report->outcome == OUTCOME_FAILED || report->outcome == OUTCOME_INCOMPLETE) {
    organization->consecutive_failures++;
    return;
  }
  organization->consecutive_failures = 0;
  organization->succeeded_at_ms = health->now_ms;
  organization->last_success_s = health->now_s;
}

bool health_is_late(const struct health *health, const struct health_organization *organization) {
  return health->now_ms - organization->succeeded_at_ms > LATE_INTERVALS * organization->interval_ms;
}

static bool append_text_or_null(struct buffer *text, const char *value) {
  return value == NULL ? buffer_append_text(text, "null") : text_append_json(text, slice_of(value));
}

static bool append_database_reason(const struct health *health, struct buffer *text) {
  return buffer_append_format(
             text, "{\"organization\": null, \"seconds\": %lld, \"reason\": \"the database is away\", \"error\": ",
             (long long)(health->now_ms - health->database_since_ms) / 1000) &&
         append_text_or_null(text, health->database_error) && buffer_append_text(text, "}");
}

static bool append_late_reason(const struct health *health, const struct health_organization *organization,
                               struct buffer *text) {
  return buffer_append_text(text, "{\"organization\": ") && text_append_json(text, slice_of(organization->name)) &&
         buffer_append_format(text, ", \"seconds\": %lld, \"reason\": \"no success for 3 intervals\", \"error\": ",
                              (long long)(health->now_ms - organization->succeeded_at_ms) / 1000) &&
         append_text_or_null(text, organization->error) && buffer_append_text(text, "}");
}

/* The reasons, and how many organizations are late beyond the first REASONS_MAX. */
static bool append_reasons(const struct health *health, struct buffer *text, int *ret_others) {
  bool fits = health->database_up || append_database_reason(health, text);
  int late = 0;
  for (int i = 0; fits && i < health->organization_count; i++) {
    if (!health_is_late(health, health->organizations[i]) || ++late > REASONS_MAX)
      continue;
    fits = (late == 1 && health->database_up) || buffer_append_text(text, ", ");
    fits = fits && append_late_reason(health, health->organizations[i], text);
  }
  *ret_others = late > REASONS_MAX ? late - REASONS_MAX : 0;
  return fits;
}

bool health_write_ready(const struct health *health, struct buffer *text, bool *ret_ready) {
  bool ready = health->database_up;
  for (int i = 0; ready && i < health->organization_count; i++)
    ready = !health_is_late(health, health->organizations[i]);
  *ret_ready = ready;
  if (ready)
    return buffer_append_text(text, "{\"ready\": true}\n");
  int others;
  return buffer_append_text(text, "{\"ready\": false, \"reasons\": [") && append_reasons(health, text, &others) &&
         buffer_append_format(text, "], \"others\": %d}\n", others);
}

static bool append_moment(struct buffer *text, int64_t moment_s) {
  char moment[MOMENT_TEXT_BYTES];
  if (moment_s == 0)
    return buffer_append_text(text, "null");
  moment_format(moment_s * 1000000, moment);
  return buffer_append_format(text, "\"%s\"", moment);
}

static bool append_accounts(const struct health_organization *organization, struct buffer *text) {
  int64_t total = organization->other_accounts;
  bool fits = buffer_append_text(text, ", \"accounts_by_type\": {");
  for (int i = 0; fits && i < HEALTH_TYPES && organization->types[i].name[0] != '\0'; i++) {
    const struct health_type *type = &organization->types[i];
    total += type->accounts;
    fits = text_append_json(text, slice_of(type->name)) &&
           buffer_append_format(text, ": %lld, ", (long long)type->accounts);
  }
  return fits && buffer_append_format(text, "\"other\": %lld}, \"accounts\": %lld",
                                      (long long)organization->other_accounts, (long long)total);
}

static bool append_schedule(const struct health *health, const struct health_organization *organization,
                            struct buffer *text) {
  bool fits = buffer_append_format(
      text, ", \"interval_ms\": %lld, \"next_sweep_in_ms\": ", (long long)organization->interval_ms);
  if (organization->next_sweep_ms == 0)
    return fits && buffer_append_text(text, "null, \"sweeping\": true");
  int64_t wait_ms = organization->next_sweep_ms - health->now_ms;
  return fits && buffer_append_format(text, "%lld, \"sweeping\": false", wait_ms > 0 ? (long long)wait_ms : 0LL);
}

static bool append_organization(const struct health *health, const struct health_organization *organization,
                                struct buffer *text) {
  const char *outcome = organization->outcome_known ? outcome_name(organization->outcome) : NULL;
  bool fits = buffer_append_text(text, "{\"organization\": ") && text_append_json(text, slice_of(organization->name)) &&
              buffer_append_text(text, ", \"organization_id\": ") &&
              append_text_or_null(text, organization->organization_id) && buffer_append_text(text, ", \"outcome\": ") &&
              append_text_or_null(text, outcome) && buffer_append_text(text, ", \"last_success\": ") &&
              append_moment(text, organization->last_success_s) && append_accounts(organization, text) &&
              append_schedule(health, organization, text);
  fits = fits && buffer_append_format(text, ", \"late\": %s, \"consecutive_failures\": %d, \"removals_held\": %lld",
                                      health_is_late(health, organization) ? "true" : "false",
                                      organization->consecutive_failures, (long long)organization->removals_held);
  if (organization->rate_limit_remaining >= 0)
    fits = fits && buffer_append_format(text, ", \"rate_limit_remaining\": %lld",
                                        (long long)organization->rate_limit_remaining);
  else
    fits = fits && buffer_append_text(text, ", \"rate_limit_remaining\": null");
  return fits && buffer_append_text(text, ", \"error\": ") && append_text_or_null(text, organization->error) &&
         buffer_append_text(text, "}");
}

bool health_write_status(const struct health *health, struct buffer *text) {
  bool fits = buffer_append_text(text, "{\"version\": \"" CLOSESYNCD_VERSION "\", \"now\": ") &&
              append_moment(text, health->now_s) &&
              buffer_append_format(text, ", \"database\": {\"up\": %s, \"seconds\": %lld, \"error\": ",
                                   health->database_up ? "true" : "false",
                                   (long long)(health->now_ms - health->database_since_ms) / 1000) &&
              append_text_or_null(text, health->database_error) && buffer_append_text(text, "}, \"organizations\": [");
  for (int i = 0; fits && i < health->organization_count; i++)
    fits =
        buffer_append_text(text, i == 0 ? "\n" : ",\n") && append_organization(health, health->organizations[i], text);
  return fits && buffer_append_text(text, "\n]}\n");
}
