/* The status is for a load balancer; reasons and names are for people. */
#include "monitor/ready.h"

enum { SLICE_ORGANIZATIONS = 500 };

static bool database_is_well(const struct health *health) {
  return health->database_up && health->database_refusal == NULL;
}

static void begin_reasons(struct ready *ready) {
  struct json *json = &ready->json;
  if (!ready->listing)
    json_begin_array(json, "reasons");
  ready->listing = true;
}

static void write_reason(struct json *json, const char *organization, int64_t seconds, const char *reason,
                         const char *error) {
  json_begin_object(json, NULL);
  json_text(json, "organization", organization);
  json_known(json, "seconds", seconds);
  json_text(json, "reason", reason);
  json_text(json, "error", error);
  json_end_object(json);
}

static void write_database(struct ready *ready) {
  const struct health *health = ready->health;
  if (database_is_well(health))
    return;
  begin_reasons(ready);
  write_reason(&ready->json, NULL, (health->now_ms - health->database_since_ms) / 1000,
               health->database_up ? "the database refuses" : "the database is away",
               health->database_up ? health->database_refusal : health->database_error);
}

static void write_organization(struct ready *ready, const struct health_organization *organization) {
  if (!health_is_late(ready->health, organization))
    return;
  begin_reasons(ready);
  write_reason(&ready->json, organization->name, (ready->health->now_ms - organization->succeeded_at_ms) / 1000,
               READY_LATE, organization->error);
}

static void begin(struct ready *ready, struct buffer *text, bool is_ready) {
  struct json *json = &ready->json;
  json_init(json, text);
  ready->ready = is_ready;
  json_begin_object(json, NULL);
  json_boolean(json, "ready", is_ready);
}

static void end(struct ready *ready, struct buffer *text) {
  if (ready->listing)
    json_end_array(&ready->json);
  json_end_object(&ready->json);
  buffer_append_text(text, "\n");
}

bool ready_more(struct ready *ready, struct buffer *text) {
  const struct health *health = ready->health;
  if (!ready->begun) {
    begin(ready, text, health_is_ready(health));
    write_database(ready);
  }
  ready->begun = true;
  for (int i = 0; i < SLICE_ORGANIZATIONS && ready->next < health->organization_count; i++)
    write_organization(ready, health->organizations[ready->next++]);
  if (ready->next < health->organization_count)
    return true;
  end(ready, text);
  return false;
}

bool ready_write_well(struct buffer *text, const struct health *health) {
  struct ready ready = {.health = health};
  if (!database_is_well(health))
    return false;
  for (int i = 0; i < health->organization_count; i++)
    if (health_is_late(health, health->organizations[i]))
      return false;
  begin(&ready, text, true);
  end(&ready, text);
  return true;
}

bool ready_write_own(struct buffer *text, const struct health *health, const struct health_organization *organization) {
  struct ready ready = {.health = health};
  begin(&ready, text, database_is_well(health) && !health_is_late(health, organization));
  write_database(&ready);
  write_organization(&ready, organization);
  end(&ready, text);
  return ready.ready;
}

void ready_write_other(struct buffer *text, const char *organization, const char *reason, int64_t seconds,
                       const char *error) {
  struct ready ready = {0};
  begin(&ready, text, reason == NULL);
  if (reason != NULL) {
    begin_reasons(&ready);
    write_reason(&ready.json, organization, seconds, reason, error);
  }
  end(&ready, text);
}
