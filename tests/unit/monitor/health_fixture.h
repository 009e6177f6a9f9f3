#pragma once
/* A health to render: nobody is well known but acme. */
#include "monitor/health.h"
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

struct patient {
  struct health health;
  struct health_organization *organizations;
  const struct health_organization **list;
};

static inline void patient_admit(struct patient *patient, int count) {
  *patient = (struct patient){.health = {.now_ms = 1000000, .now_s = 1790000000, .database_up = true}};
  patient->organizations = calloc((size_t)count, sizeof *patient->organizations);
  patient->list = calloc((size_t)count, sizeof *patient->list);
  for (int i = 0; i < count; i++) {
    health_organization_init(&patient->organizations[i], "acme", 60000, patient->health.now_ms);
    patient->list[i] = &patient->organizations[i];
  }
  patient->health.organizations = patient->list;
  patient->health.organization_count = count;
}

static inline void patient_release(struct patient *patient) {
  free(patient->organizations);
  free(patient->list);
}

static inline void patient_sweep(struct patient *patient, int number, enum outcome outcome, int64_t elapsed_ms) {
  struct report report = {.outcome = outcome,
                          .elapsed_ms = elapsed_ms,
                          .added = 3,
                          .changed = 2,
                          .removed = 1,
                          .repaired = 4,
                          .rejected = 5,
                          .gap = outcome != OUTCOME_UNCHANGED};
  health_count_sweep(&patient->health, &patient->organizations[number], &report);
}
