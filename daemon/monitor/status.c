/* A slice is some organizations. */
#include "monitor/status.h"
#include "base/moment.h"
#include "monitor/membership.h"
#include <string.h>

enum { SLICE_ORGANIZATIONS = 200 };

static void write_moment(struct json *json, const char *name, int64_t moment_s) {
  char moment[MOMENT_TEXT_BYTES];
  moment_format(moment_s * 1000000, moment);
  json_text(json, name, moment_s == 0 ? NULL : moment);
}

static void write_accounts(const struct health_organization *organization, struct json *json) {
  int64_t others = organization->other_accounts;
  json_begin_object(json, "accounts_by_type");
  for (int i = 0; i < HEALTH_TYPES && organization->types[i].name[0] != '\0'; i++) {
    const struct health_type *type = &organization->types[i];
    if (strcmp(type->name, "other") == 0) /* a member stands there once */
      others += type->accounts;
    else
      json_integer(json, type->name, type->accounts);
  }
  json_integer(json, "other", others);
  json_end_object(json);
  json_integer(json, "accounts", health_accounts(organization));
}

static void write_schedule(const struct health *health, const struct health_organization *organization,
                           struct json *json) {
  bool sweeping = organization->next_sweep_ms == 0;
  int64_t wait_ms = organization->next_sweep_ms - health->now_ms;
  json_integer(json, "interval_ms", organization->interval_ms);
  json_known(json, "next_sweep_in_ms", sweeping ? -1 : wait_ms > 0 ? wait_ms : 0);
  json_boolean(json, "sweeping", sweeping);
}

/* What the last `verify --record` came to. */
static void write_history(const struct health_organization *organization, struct json *json) {
  write_moment(json, "history_verified", organization->history_verified_s);
  if (organization->history_verified_s == 0)
    json_null(json, "history_proven");
  else
    json_boolean(json, "history_proven", organization->history_is_proven);
}

static void write_token(const struct health_organization *organization, struct json *json) {
  if (!organization->has_token) {
    json_null(json, "token");
    return;
  }
  json_begin_object(json, "token");
  write_moment(json, "refreshed", organization->token_refreshed_s);
  write_moment(json, "expires", organization->token_expires_s);
  json_boolean(json, "authorize_needed", organization->authorize_needed);
  json_end_object(json);
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
  json_integer(json, "rejected", organization->rejected);
  write_moment(json, "last_verified", organization->verified_at_s);
  write_history(organization, json);
  write_token(organization, json);
  write_schedule(health, organization, json);
  json_text(json, "state", health_state_name(health_state(health, organization)));
  json_boolean(json, "late", health_is_late(health, organization));
  json_integer(json, "consecutive_failures", organization->consecutive_failures);
  json_integer(json, "skipped_turns", organization->skipped_turns);
  json_integer(json, "removals_held", organization->removals_held);
  json_known(json, "rate_limit_remaining", organization->rate_limit_remaining);
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

static void begin(struct status *status, struct buffer *text) {
  const struct health *health = status->health;
  struct json *json = &status->json;
  json_init(json, text);
  json_begin_object(json, NULL);
  json_text(json, "version", CLOSESYNCD_VERSION);
  write_moment(json, "now", health->now_s);
  json_begin_object(json, "database");
  json_boolean(json, "up", health->database_up);
  json_integer(json, "seconds", (health->now_ms - health->database_since_ms) / 1000);
  json_text(json, "error", health->database_up ? health->database_refusal : health->database_error);
  write_clocks(health, json);
  json_end_object(json);
  json_begin_array(json, "organizations");
}

bool status_more(struct status *status, struct buffer *text) {
  const struct health *health = status->health;
  if (!status->begun)
    begin(status, text);
  status->begun = true;
  for (int i = 0; i < SLICE_ORGANIZATIONS && status->organization < health->organization_count; i++)
    write_organization(health, health->organizations[status->organization++], &status->json);
  if (status->organization < health->organization_count)
    return true;
  json_end_array(&status->json);
  membership_write_status(health->fleet, &status->json);
  json_end_object(&status->json);
  buffer_append_text(text, "\n");
  return false;
}
