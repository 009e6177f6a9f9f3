#include "monitor/health.h"
#include "base/json.h"
#include "base/moment.h"
#include "monitor/membership.h"
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

const char *health_direction_name(enum health_direction direction) {
  static const char *const names[HEALTH_DIRECTIONS] = {"send", "receive", "calendar"};
  return names[direction];
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

static void write_database_reason(const struct health *health, struct json *json) {
  json_begin_object(json, NULL);
  json_null(json, "organization");
  json_integer(json, "seconds", (health->now_ms - health->database_since_ms) / 1000);
  json_text(json, "reason", "the database is away");
  json_text(json, "error", health->database_error);
  json_end_object(json);
}

static void write_late_reason(const struct health *health, const struct health_organization *organization,
                              struct json *json) {
  json_begin_object(json, NULL);
  json_text(json, "organization", organization->name);
  json_integer(json, "seconds", (health->now_ms - organization->succeeded_at_ms) / 1000);
  json_text(json, "reason", "no success for 3 intervals");
  json_text(json, "error", organization->error);
  json_end_object(json);
}

bool health_write_ready(const struct health *health, struct buffer *text, bool *ret_ready) {
  struct json json;
  int late = 0;
  json_init(&json, text);
  json_begin_object(&json, NULL);
  *ret_ready = health->database_up;
  for (int i = 0; *ret_ready && i < health->organization_count; i++)
    *ret_ready = !health_is_late(health, health->organizations[i]);
  json_boolean(&json, "ready", *ret_ready);
  if (!*ret_ready) {
    json_begin_array(&json, "reasons");
    if (!health->database_up)
      write_database_reason(health, &json);
    for (int i = 0; i < health->organization_count; i++)
      if (health_is_late(health, health->organizations[i]) && ++late <= REASONS_MAX)
        write_late_reason(health, health->organizations[i], &json);
    json_end_array(&json);
    json_integer(&json, "others", late > REASONS_MAX ? late - REASONS_MAX : 0);
  }
  json_end_object(&json);
  return buffer_append_text(text, "\n");
}

static void write_moment(struct json *json, const char *name, int64_t moment_s) {
  char moment[MOMENT_TEXT_BYTES];
  moment_format(moment_s * 1000000, moment);
  json_text(json, name, moment_s == 0 ? NULL : moment);
}

static void write_accounts(const struct health_organization *organization, struct json *json) {
  int64_t total = organization->other_accounts;
  json_begin_object(json, "accounts_by_type");
  for (int i = 0; i < HEALTH_TYPES && organization->types[i].name[0] != '\0'; i++) {
    const struct health_type *type = &organization->types[i];
    total += type->accounts;
    json_integer(json, type->name, type->accounts);
  }
  json_integer(json, "other", organization->other_accounts);
  json_end_object(json);
  json_integer(json, "accounts", total);
}

static void write_schedule(const struct health *health, const struct health_organization *organization,
                           struct json *json) {
  bool sweeping = organization->next_sweep_ms == 0;
  int64_t wait_ms = organization->next_sweep_ms - health->now_ms;
  json_integer(json, "interval_ms", organization->interval_ms);
  if (sweeping)
    json_null(json, "next_sweep_in_ms");
  else
    json_integer(json, "next_sweep_in_ms", wait_ms > 0 ? wait_ms : 0);
  json_boolean(json, "sweeping", sweeping);
}

static void write_organization(const struct health *health, const struct health_organization *organization,
                               struct json *json) {
  json_begin_object(json, NULL);
  json_text(json, "organization", organization->name);
  json_text(json, "organization_id", organization->organization_id);
  json_text(json, "outcome", organization->outcome_known ? outcome_name(organization->outcome) : NULL);
  write_moment(json, "last_success", organization->last_success_s);
  write_accounts(organization, json);
  json_begin_object(json, "accounts_in_error");
  for (int i = 0; i < HEALTH_DIRECTIONS; i++)
    json_integer(json, health_direction_name((enum health_direction)i), organization->in_error[i]);
  json_end_object(json);
  write_moment(json, "last_verified", organization->verified_at_s);
  write_schedule(health, organization, json);
  json_boolean(json, "late", health_is_late(health, organization));
  json_integer(json, "consecutive_failures", organization->consecutive_failures);
  json_integer(json, "skipped_turns", organization->skipped_turns);
  json_integer(json, "removals_held", organization->removals_held);
  if (organization->rate_limit_remaining >= 0)
    json_integer(json, "rate_limit_remaining", organization->rate_limit_remaining);
  else
    json_null(json, "rate_limit_remaining");
  json_text(json, "error", organization->error);
  json_end_object(json);
}

/* What a wrong clock makes of the times that are told. */
static void write_clocks(const struct health *health, struct json *json) {
  json_begin_object(json, "clock");
  write_moment(json, "database", health->database_us / 1000000);
  write_moment(json, "machine", health->machine_us / 1000000);
  json_integer(json, "skew_seconds", (health->database_us - health->machine_us) / 1000000);
  json_integer(json, "behind_seconds", health_ahead_us(health) / 1000000);
  json_end_object(json);
}

bool health_write_status(const struct health *health, struct buffer *text) {
  struct json json;
  json_init(&json, text);
  json_begin_object(&json, NULL);
  json_text(&json, "version", CLOSESYNCD_VERSION);
  write_moment(&json, "now", health->now_s);
  json_begin_object(&json, "database");
  json_boolean(&json, "up", health->database_up);
  json_integer(&json, "seconds", (health->now_ms - health->database_since_ms) / 1000);
  json_text(&json, "error", health->database_error);
  write_clocks(health, &json);
  json_end_object(&json);
  json_begin_array(&json, "organizations");
  for (int i = 0; i < health->organization_count; i++)
    write_organization(health, health->organizations[i], &json);
  json_end_array(&json);
  membership_write_status(health->fleet, &json);
  json_end_object(&json);
  return buffer_append_text(text, "\n");
}
