/* Counting, /readyz and /status.json. */
#include "unit/monitor/health_fixture.h"

static void expect_ready(const struct patient *patient, bool wanted, const char *text) {
  struct buffer body;
  bool ready;
  buffer_init(&body, 1 << 20);
  cr_assert(health_write_ready(&patient->health, &body, &ready));
  cr_assert_eq(ready, wanted, "%s", body.bytes);
  cr_assert_str_eq(body.bytes, text);
  buffer_finish(&body);
}

Test(health, sweeps_are_counted) {
  struct patient patient;
  patient_admit(&patient, 1);
  struct health_organization *acme = &patient.organizations[0];
  patient_sweep(&patient, 0, OUTCOME_FAILED, 100);
  patient_sweep(&patient, 0, OUTCOME_INCOMPLETE, 101);
  cr_assert_eq(acme->consecutive_failures, 2);
  cr_assert_eq(acme->last_success_s, 0);
  patient.health.now_ms += 5;
  patient_sweep(&patient, 0, OUTCOME_GUARDED, 600001);
  cr_assert_eq(acme->consecutive_failures, 0, "a guarded sweep is no failure");
  cr_assert_eq(acme->last_success_s, 1790000000);
  cr_assert_eq(acme->succeeded_at_ms, 1000005);
  cr_assert_eq(acme->sweeps[OUTCOME_FAILED] + acme->sweeps[OUTCOME_INCOMPLETE] + acme->sweeps[OUTCOME_GUARDED], 3);
  cr_assert_eq(acme->added * 100 + acme->changed * 10 + acme->removed, 963);
  cr_assert_eq(patient.health.durations[0], 1, "a bound belongs to its bucket");
  cr_assert_eq(patient.health.durations[1], 1);
  cr_assert_eq(patient.health.durations[HEALTH_BUCKETS], 1);
  patient_release(&patient);
}

Test(health, types_and_codes_find_room_or_are_others) {
  struct patient patient;
  char name[64];
  patient_admit(&patient, 1);
  struct health_organization *acme = &patient.organizations[0];
  for (int i = 0; i < HEALTH_TYPES + 2; i++) {
    snprintf(name, sizeof name, "type%d", i);
    health_count_accounts(acme, slice_of(name), i + 1);
    health_count_request(acme, 500 + i);
  }
  health_count_accounts(acme, slice_of("a_type_with_a_name_that_has_no_room"), 1000);
  health_count_accounts(acme, slice_of(""), 100);
  health_count_accounts(acme, (struct slice){"type0\0", 6}, 10000);
  health_count_request(acme, 500);
  health_count_request(acme, 0);
  cr_assert_str_eq(acme->types[7].name, "type7");
  cr_assert_eq(acme->other_accounts, 9 + 10 + 1000 + 100 + 10000);
  cr_assert_eq(acme->codes[0].requests, 2);
  cr_assert_eq(acme->other_requests, 2);
  cr_assert_eq(acme->unanswered_requests, 1);
  health_clear_accounts(acme);
  cr_assert_eq(acme->other_accounts, 0);
  cr_assert_eq(acme->types[7].accounts, 0);
  cr_assert_str_eq(acme->types[7].name, "type7", "a type that is gone has 0 accounts");
  patient_release(&patient);
}

Test(health, ready_until_three_intervals_without_success) {
  struct patient patient;
  patient_admit(&patient, 2);
  patient.organizations[1].name = "we\"ird";
  patient.organizations[1].error = "could not reach Close: timeout";
  expect_ready(&patient, true, "{\"ready\": true}\n");
  patient.health.now_ms += 180000;
  expect_ready(&patient, true, "{\"ready\": true}\n");
  patient_sweep(&patient, 0, OUTCOME_UNCHANGED, 1);
  patient.health.now_ms += 1;
  expect_ready(
      &patient, false,
      "{\"ready\": false, \"reasons\": [{\"organization\": \"we\\\"ird\", \"seconds\": 180, \"reason\": \"no success "
      "for 3 intervals\", \"error\": \"could not reach Close: timeout\"}], \"others\": 0}\n");
  patient_sweep(&patient, 1, OUTCOME_CHANGED, 1);
  expect_ready(&patient, true, "{\"ready\": true}\n");
  patient_release(&patient);
}

Test(health, not_ready_while_the_database_is_away) {
  struct patient patient;
  patient_admit(&patient, 1);
  patient.health.database_up = false;
  patient.health.database_since_ms = patient.health.now_ms - 65000;
  expect_ready(&patient, false,
               "{\"ready\": false, \"reasons\": [{\"organization\": null, \"seconds\": 65, \"reason\": \"the database "
               "is away\", "
               "\"error\": null}], \"others\": 0}\n");
  patient_release(&patient);
}

Test(health, ten_thousand_late_ones_are_a_short_answer) {
  struct patient patient;
  struct buffer body;
  bool ready;
  patient_admit(&patient, 10000);
  patient.health.now_ms += 10000000;
  patient.health.database_up = false;
  buffer_init(&body, 64 * 1024);
  cr_assert(health_write_ready(&patient.health, &body, &ready));
  cr_assert_not(ready);
  cr_assert_not_null(strstr(body.bytes, "\"others\": 9900}\n"));
  buffer_finish(&body);
  patient_release(&patient);
}

Test(health, status_golden) {
  struct patient patient;
  struct buffer body;
  patient_admit(&patient, 2);
  struct health_organization *acme = &patient.organizations[0];
  acme->organization_id = "orga_1";
  acme->removals_held = 4;
  acme->in_error[HEALTH_SEND] = 1;
  acme->in_error[HEALTH_RECEIVE] = 2;
  acme->verified_at_s = 1789999200;
  acme->ahead_us = 7 * 1000000;
  acme->rate_limit_remaining = 159;
  acme->next_sweep_ms = patient.health.now_ms + 30000;
  health_count_accounts(acme, slice_of("google"), 5);
  health_count_accounts(acme, slice_of(""), 2);
  patient_sweep(&patient, 0, OUTCOME_CHANGED, 250);
  patient.organizations[1].name = "second";
  patient.organizations[1].next_sweep_ms = 0;
  patient.organizations[1].error = "no key";
  patient.health.database_since_ms = patient.health.now_ms - 9000;
  patient.health.database_us = 1790000100 * 1000000LL;
  patient.health.machine_us = 1790000000 * 1000000LL;
  buffer_init(&body, 4096);
  cr_assert(health_write_status(&patient.health, &body));
  cr_assert_str_eq(
      body.bytes,
      "{\"version\": \"" CLOSESYNCD_VERSION
      "\", \"now\": \"2026-09-21T14:13:20.000000Z\", \"database\": {\"up\": true, "
      "\"seconds\": 9, \"error\": null, \"clock\": {\"database\": \"2026-09-21T14:15:00.000000Z\", \"machine\": "
      "\"2026-09-21T14:13:20.000000Z\", \"skew_seconds\": 100, \"behind_seconds\": 7}}, \"organizations\": ["
      "{\"organization\": \"acme\", \"organization_id\": \"orga_1\", \"outcome\": \"changed\", \"last_success\": "
      "\"2026-09-21T14:13:20.000000Z\", \"accounts_by_type\": {\"google\": 5, \"other\": 2}, \"accounts\": 7, "
      "\"accounts_in_error\": {\"send\": 1, \"receive\": 2, \"calendar\": 0}, \"last_verified\": "
      "\"2026-09-21T14:00:00.000000Z\", "
      "\"interval_ms\": 60000, \"next_sweep_in_ms\": 30000, \"sweeping\": false, \"late\": false, "
      "\"consecutive_failures\": 0, \"skipped_turns\": 0, \"removals_held\": 4, \"rate_limit_remaining\": 159, "
      "\"error\": null}, "
      "{\"organization\": \"second\", \"organization_id\": null, \"outcome\": null, \"last_success\": null, "
      "\"accounts_by_type\": {\"other\": 0}, \"accounts\": 0, \"accounts_in_error\": {\"send\": 0, \"receive\": 0, "
      "\"calendar\": 0}, \"last_verified\": null, \"interval_ms\": 60000, \"next_sweep_in_ms\": null, "
      "\"sweeping\": true, \"late\": false, \"consecutive_failures\": 0, \"skipped_turns\": 0, \"removals_held\": 0, "
      "\"rate_limit_remaining\": "
      "null, \"error\": \"no key\"}]}\n");
  buffer_finish(&body);
  patient_release(&patient);
}

Test(health, what_does_not_fit_is_told) {
  struct patient patient;
  struct buffer body;
  bool ready;
  patient_admit(&patient, 1);
  patient.health.database_up = false;
  for (size_t limit = 0; limit < 100; limit++) {
    buffer_init(&body, limit);
    cr_assert_not(health_write_status(&patient.health, &body));
    cr_assert_leq(body.length, limit);
    buffer_clear(&body);
    cr_assert_not(health_write_ready(&patient.health, &body, &ready));
    buffer_finish(&body);
  }
  patient_release(&patient);
}
