/* /readyz. */
#include "monitor/ready.h"
#include "unit/monitor/health_fixture.h"

static void expect_ready_of(const struct patient *patient, const char *name, bool wanted, const char *text) {
  const struct health_organization *organization = health_find(&patient->health, name);
  struct buffer body;
  buffer_init(&body, 1 << 20);
  cr_assert_not_null(organization);
  cr_assert_eq(ready_write_own(&body, &patient->health, organization), wanted, "%s", body.bytes);
  cr_assert_str_eq(body.bytes, text);
  buffer_finish(&body);
}

static void expect_ready(const struct patient *patient, bool wanted, const char *text) {
  struct ready ready = {.health = &patient->health};
  struct buffer body;
  buffer_init(&body, 1 << 20);
  while (ready_more(&ready, &body))
    ;
  cr_assert_eq(ready.ready, wanted, "%s", body.bytes);
  cr_assert_str_eq(body.bytes, text);
  buffer_clear(&body);
  bool well = ready_write_well(&body, &patient->health);
  cr_assert_eq(well, strstr(text, "reasons") == NULL, "at once only where there is nothing to list: %s", text);
  cr_assert(!well || strcmp(body.bytes, text) == 0);
  buffer_finish(&body);
}

static const char weird_is_late[] =
    "\"reasons\": [{\"organization\": \"we\\\"ird\", \"seconds\": 180, \"reason\": \"no success for 3 intervals\", "
    "\"error\": \"could not reach Close: timeout\"}]}\n";

Test(ready, who_is_late_is_named_either_way) {
  struct patient patient;
  char text[512];
  patient_admit(&patient, 2);
  patient.organizations[1].name = "we\"ird";
  patient.organizations[1].error = "could not reach Close: timeout";
  expect_ready(&patient, true, "{\"ready\": true}\n");
  patient.health.now_ms += 180000;
  expect_ready(&patient, true, "{\"ready\": true}\n");
  patient_sweep(&patient, 0, OUTCOME_UNCHANGED, 1);
  patient.health.now_ms += 1;
  snprintf(text, sizeof text, "{\"ready\": true, %s", weird_is_late);
  expect_ready(&patient, true, text);
  snprintf(text, sizeof text, "{\"ready\": false, %s", weird_is_late);
  expect_ready_of(&patient, "we\"ird", false, text);
  expect_ready_of(&patient, "acme", true, "{\"ready\": true}\n");
  patient_sweep(&patient, 1, OUTCOME_CHANGED, 1);
  expect_ready(&patient, true, "{\"ready\": true}\n");
  patient_release(&patient);
}

Test(ready, not_while_the_database_is_away_or_refuses) {
  struct patient patient;
  patient_admit(&patient, 1);
  patient.health.database_since_ms = patient.health.now_ms - 65000;
  patient.health.database_refusal = "could not extend file";
  static const char refuses[] =
      "{\"ready\": false, \"reasons\": [{\"organization\": null, \"seconds\": 65, \"reason\": "
      "\"the database refuses\", \"error\": \"could not extend file\"}]}\n";
  expect_ready(&patient, false, refuses);
  expect_ready_of(&patient, "acme", false, refuses);
  patient.health.database_up = false;
  expect_ready(&patient, false,
               "{\"ready\": false, \"reasons\": [{\"organization\": null, \"seconds\": 65, \"reason\": \"the database "
               "is away\", \"error\": null}]}\n");
  patient_release(&patient);
}

Test(ready, names_ten_thousand_late_ones_in_slices) {
  struct patient patient;
  struct buffer body;
  int slices = 1, names = 0;
  patient_admit(&patient, 10000);
  patient.health.now_ms += 10000000;
  struct ready ready = {.health = &patient.health};
  buffer_init(&body, (size_t)4 << 20);
  for (; ready_more(&ready, &body); slices++)
    ;
  cr_assert_geq(slices, 10);
  cr_assert(buffer_fits(&body));
  for (const char *at = body.bytes; (at = strstr(at, "\"acme\"")) != NULL; at++)
    names++;
  cr_assert_eq(names, 10000);
  buffer_finish(&body);
  patient_release(&patient);
}

Test(ready, what_the_database_says_of_others) {
  struct buffer body;
  buffer_init(&body, 4096);
  ready_write_other(&body, "acme", NULL, 5, "an old error");
  cr_assert_str_eq(body.bytes, "{\"ready\": true}\n");
  buffer_clear(&body);
  ready_write_other(&body, "acme", READY_LATE, 500, NULL);
  cr_assert_str_eq(body.bytes,
                   "{\"ready\": false, \"reasons\": [{\"organization\": \"acme\", \"seconds\": 500, \"reason\": "
                   "\"no success for 3 intervals\", \"error\": null}]}\n");
  buffer_finish(&body);
}
