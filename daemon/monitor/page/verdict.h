#pragma once
/* Whether somebody has to act: of all organizations, in one line and a few facts. */
#include "monitor/health.h"
#include "monitor/html.h"

struct verdict {
  int states[HEALTH_STATES]; /* organizations in each */
  int waiting;               /* of the first state, those whose turn has not come yet */
  int64_t accounts, broken;
};

struct verdict verdict_count(const struct health *health);
void verdict_write(const struct health *health, const struct verdict *verdict,
                   struct html *html); /* the h1, and what is below it */
/* The database, when it is away or its clock is wrong: what to know, and to do. */
void verdict_write_database(const struct health *health, struct html *html);
