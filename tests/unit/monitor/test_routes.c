/* Which path says what, with which status. */
#include "monitor/routes.h"
#include "unit/monitor/health_fixture.h"

static const struct health *tell_health(void *context, bool scraped) {
  struct patient *patient = context;
  patient->health.longest_turn_us = scraped ? 1000 : -1;
  return &patient->health;
}

static bool elsewhere(void *context, const char *organization, struct serve_reply *reply) {
  (void)context;
  (void)organization;
  (void)reply;
  return false;
}

static struct serve_reply ask(struct patient *patient, const char *path, size_t limit) {
  static struct routes routes;
  const struct serve_request request = {.path = path};
  struct serve_reply reply = {.status = 200, .content_type = "text/plain"};
  routes = (struct routes){.health = tell_health, .elsewhere = elsewhere, .context = patient};
  buffer_init(&reply.body, limit);
  if (!routes_answer(&routes, &request, &reply)) {
    reply.status = 404;
    return reply;
  }
  while (reply.more != NULL && reply.more(reply.work, &reply) == SERVE_MORE)
    ;
  if (reply.drop != NULL)
    reply.drop(reply.work);
  return reply;
}

static void expect(struct patient *patient, const char *path, int status, const char *content_type) {
  struct serve_reply reply = ask(patient, path, 1 << 20);
  cr_assert_eq(reply.status, status, "%s: %d", path, reply.status);
  cr_assert_eq(strncmp(reply.content_type, content_type, strlen(content_type)), 0, "%s: %s", path, reply.content_type);
  cr_assert(status == 404 || reply.body.length > 0);
  buffer_finish(&reply.body);
}

Test(routes, paths) {
  struct patient patient;
  patient_admit(&patient, 1);
  expect(&patient, "/metrics", 200, "text/plain; version=0.0.4");
  expect(&patient, "/healthz", 200, "text/plain");
  expect(&patient, "/readyz", 200, "application/json");
  expect(&patient, "/status.json", 200, "application/json");
  patient.health.database_up = false;
  expect(&patient, "/readyz", 503, "application/json");
  expect(&patient, "/healthz", 200, "text/plain");
  expect(&patient, "/metrics/", 404, "text/plain");
  patient_release(&patient);
}

Test(routes, readiness_is_told_at_once_where_nothing_is_listed) {
  struct patient patient;
  patient_admit(&patient, 2);
  const struct serve_request request = {.path = "/readyz"};
  const struct routes routes = {.health = tell_health, .elsewhere = elsewhere, .context = &patient};
  for (int i = 0; i < 2; i++) {
    struct serve_reply reply = {.status = 200};
    buffer_init(&reply.body, 4096);
    cr_assert(routes_answer(&routes, &request, &reply));
    cr_assert_eq(reply.more == NULL, i == 0, "a list comes in slices");
    if (reply.drop != NULL)
      reply.drop(reply.work);
    buffer_finish(&reply.body);
    patient.health.database_up = false;
  }
  patient_release(&patient);
}

Test(routes, only_a_scrape_begins_the_longest_turn_anew) {
  struct patient patient;
  patient_admit(&patient, 1);
  expect(&patient, "/status.json", 200, "application/json");
  cr_assert_eq(patient.health.longest_turn_us, -1);
  struct serve_reply reply = ask(&patient, "/metrics", 1 << 20);
  cr_assert_not_null(strstr(reply.body.bytes, "closesyncd_loop_longest_turn_seconds 0.001\n"));
  buffer_finish(&reply.body);
  patient_release(&patient);
}
