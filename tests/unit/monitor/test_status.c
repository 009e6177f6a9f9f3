/* /status.json. */
#include "monitor/status.h"
#include "unit/monitor/health_fixture.h"

static void write_all(const struct patient *patient, struct buffer *body) {
  struct status status = {.health = &patient->health};
  while (status_more(&status, body))
    ;
  cr_assert(buffer_fits(body));
}

Test(status, golden) {
  struct patient patient;
  struct buffer body;
  patient_admit(&patient, 2);
  struct health_organization *acme = &patient.organizations[0];
  acme->organization_id = "orga_1";
  acme->removals_held = 4;
  acme->in_error[HEALTH_SEND] = 1;
  acme->in_error[HEALTH_RECEIVE] = 2;
  acme->verified_at_s = 1789999200;
  acme->history_verified_s = 1789999800;
  acme->history_is_proven = true;
  acme->has_token = acme->authorize_needed = true;
  acme->token_refreshed_s = 1789999200;
  acme->ahead_us = 7 * 1000000;
  acme->rate_limit_remaining = 159;
  acme->next_sweep_ms = patient.health.now_ms + 30000;
  health_count_accounts(acme, slice_of("google"), 5);
  health_count_accounts(acme, slice_of(""), 2);
  health_count_accounts(acme, slice_of("other"), 3);
  patient_sweep(&patient, 0, OUTCOME_CHANGED, 250);
  patient.organizations[1].name = "second";
  patient.organizations[1].next_sweep_ms = 0;
  patient.organizations[1].error = "no key";
  patient.health.database_since_ms = patient.health.now_ms - 9000;
  patient.health.database_us = 1790000100 * 1000000LL;
  patient.health.machine_us = 1790000000 * 1000000LL;
  buffer_init(&body, 4096);
  write_all(&patient, &body);
  cr_assert_str_eq(
      body.bytes,
      "{\"version\": \"" CLOSESYNCD_VERSION
      "\", \"now\": \"2026-09-21T14:13:20.000000Z\", \"database\": {\"up\": true, "
      "\"seconds\": 9, \"error\": null, \"clock\": {\"database\": \"2026-09-21T14:15:00.000000Z\", \"machine\": "
      "\"2026-09-21T14:13:20.000000Z\", \"skew_seconds\": 100, \"behind_seconds\": 7}}, \"organizations\": ["
      "{\"organization\": \"acme\", \"organization_id\": \"orga_1\", \"outcome\": \"changed\", \"last_success\": "
      "\"2026-09-21T14:13:20.000000Z\", \"accounts_by_type\": {\"google\": 5, \"other\": 5}, \"accounts\": 10, "
      "\"accounts_in_error\": {\"send\": 1, \"receive\": 2, \"calendar\": 0}, \"rejected\": 5, \"last_verified\": "
      "\"2026-09-21T14:00:00.000000Z\", \"history_verified\": \"2026-09-21T14:10:00.000000Z\", \"history_proven\": "
      "true, "
      "\"token\": {\"refreshed\": \"2026-09-21T14:00:00.000000Z\", \"expires\": null, \"authorize_needed\": true}, "
      "\"interval_ms\": 60000, \"next_sweep_in_ms\": 30000, \"sweeping\": false, \"state\": \"well\", \"late\": false, "
      "\"consecutive_failures\": 0, \"skipped_turns\": 0, \"removals_held\": 4, \"rate_limit_remaining\": 159, "
      "\"error\": null}, "
      "{\"organization\": \"second\", \"organization_id\": null, \"outcome\": null, \"last_success\": null, "
      "\"accounts_by_type\": {\"other\": 0}, \"accounts\": 0, \"accounts_in_error\": {\"send\": 0, \"receive\": 0, "
      "\"calendar\": 0}, \"rejected\": 0, \"last_verified\": null, \"history_verified\": null, \"history_proven\": "
      "null, \"token\": null, \"interval_ms\": 60000, \"next_sweep_in_ms\": null, "
      "\"sweeping\": true, \"state\": \"never\", \"late\": false, \"consecutive_failures\": 0, \"skipped_turns\": 0, "
      "\"removals_held\": 0, "
      "\"rate_limit_remaining\": "
      "null, \"error\": \"no key\"}]}\n");
  buffer_finish(&body);
  patient_release(&patient);
}

/* In slices, each emptied when it was taken away, it is the same text. */
Test(status, slices_make_one_text) {
  struct patient patient;
  struct buffer whole, slice, joined;
  patient_admit(&patient, 1000);
  buffer_init(&whole, 1 << 24);
  buffer_init(&slice, 1 << 24);
  buffer_init(&joined, 1 << 24);
  write_all(&patient, &whole);
  struct status status = {.health = &patient.health};
  int slices = 0;
  for (bool more = true; more; slices++) {
    more = status_more(&status, &slice);
    buffer_append(&joined, slice.bytes, slice.length);
    buffer_clear(&slice);
  }
  cr_assert_geq(slices, 5);
  cr_assert_str_eq(joined.bytes, whole.bytes);
  buffer_finish(&whole);
  buffer_finish(&slice);
  buffer_finish(&joined);
  patient_release(&patient);
}

Test(status, what_does_not_fit_is_told) {
  struct patient patient;
  struct buffer body;
  patient_admit(&patient, 1);
  for (size_t limit = 0; limit < 100; limit++) {
    struct status status = {.health = &patient.health};
    buffer_init(&body, limit);
    while (status_more(&status, &body))
      ;
    cr_assert_not(buffer_fits(&body));
    cr_assert_leq(body.length, limit);
    buffer_finish(&body);
  }
  patient_release(&patient);
}
