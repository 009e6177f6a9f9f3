/* Counting, and what the numbers mean. */
#include "unit/monitor/health_fixture.h"

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
  cr_assert_eq(patient.health.sweeps.counts[0], 1);
  cr_assert_eq(patient.health.sweeps.counts[1], 1);
  cr_assert_eq(patient.health.sweeps.counts[HISTOGRAM_BUCKETS], 1);
  cr_assert_eq(acme->repaired, 12);
  cr_assert_eq(acme->rejected, 5, "of the last sweep that listed");
  cr_assert_eq(acme->gaps, 1, "an incomplete sweep ends none");
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
    health_count_requests(acme, 500 + i, 1);
  }
  health_count_accounts(acme, slice_of("a_type_with_a_name_that_has_no_room"), 1000);
  health_count_accounts(acme, slice_of(""), 100);
  health_count_accounts(acme, (struct slice){"type0\0", 6}, 10000);
  health_count_requests(acme, 500, 1);
  health_count_requests(acme, 0, 1);
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

static void expect_state(const struct patient *patient, enum health_state wanted) {
  enum health_state state = health_state(&patient->health, patient->list[0]);
  cr_assert_eq(state, wanted, "%s", health_state_name(state));
}

Test(health, the_first_state_that_applies) {
  struct patient patient;
  patient_admit(&patient, 1);
  expect_state(&patient, HEALTH_NEVER);
  patient_sweep(&patient, 0, OUTCOME_FAILED, 1);
  expect_state(&patient, HEALTH_NEVER);
  patient_sweep(&patient, 0, OUTCOME_GUARDED, 1);
  expect_state(&patient, HEALTH_GUARDED);
  patient.health.now_ms += 3 * 60000 + 1;
  expect_state(&patient, HEALTH_LATE);
  patient_sweep(&patient, 0, OUTCOME_FAILED, 1);
  expect_state(&patient, HEALTH_FAILING);
  patient_sweep(&patient, 0, OUTCOME_UNCHANGED, 1);
  expect_state(&patient, HEALTH_WELL);
  patient_release(&patient);
}

Test(health, ready_as_long_as_one_is_not_late) {
  struct patient patient;
  patient_admit(&patient, 2);
  cr_assert(health_is_ready(&patient.health), "they have three intervals to begin with");
  patient.health.now_ms += 180001;
  cr_assert_not(health_is_ready(&patient.health), "all are late");
  patient_sweep(&patient, 1, OUTCOME_UNCHANGED, 1);
  cr_assert(health_is_ready(&patient.health));
  patient.health.database_refusal = "disk full";
  cr_assert_not(health_is_ready(&patient.health));
  patient.health.database_refusal = NULL;
  patient.health.database_up = false;
  cr_assert_not(health_is_ready(&patient.health));
  patient_release(&patient);
  patient_admit(&patient, 0);
  cr_assert(health_is_ready(&patient.health), "who has none to sweep is ready");
  patient_release(&patient);
}
