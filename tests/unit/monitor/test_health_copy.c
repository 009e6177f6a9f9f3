/* A copy owes nothing to what it was made of. */
#include "base/memory.h"
#include "monitor/health_copy.h"
#include "unit/monitor/health_fixture.h"

Test(health_copy, outlives_the_original) {
  struct patient patient;
  char name[16] = "acme", error[16] = "timeout", away[16] = "refused";
  patient_admit(&patient, 3);
  patient.organizations[2].name = name;
  patient.organizations[2].error = error;
  patient.organizations[2].removals_held = 7;
  patient.health.database_error = away;
  char member[16] = "host1";
  struct health_daemon daemons[2] = {{.member = member, .slots = 128, .is_self = true},
                                     {.member = member, .slots = 128}};
  struct health_fleet fleet = {.member = member, .daemons = daemons, .daemon_count = 2};
  patient.health.fleet = &fleet;
  const struct health *copy = health_copy(&patient.health);
  memset(name, 'x', sizeof name - 1);
  memset(error, 'x', sizeof error - 1);
  memset(away, 'x', sizeof away - 1);
  memset(member, 'x', sizeof member - 1);
  daemons[1].slots = 0;
  patient_release(&patient);
  cr_assert_eq(copy->organization_count, 3);
  cr_assert_str_eq(copy->organizations[2]->name, "acme");
  cr_assert_str_eq(copy->organizations[2]->error, "timeout");
  cr_assert_eq(copy->organizations[2]->removals_held, 7);
  cr_assert_null(copy->organizations[2]->organization_id);
  cr_assert_str_eq(copy->database_error, "refused");
  cr_assert_null(copy->database_refusal);
  cr_assert_str_eq(copy->fleet->member, "host1");
  cr_assert_str_eq(copy->fleet->daemons[1].member, "host1");
  cr_assert_eq(copy->fleet->daemons[1].slots, 128);
  memory_free((void *)copy);
}
