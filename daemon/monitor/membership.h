#pragma once
/* What /status.json and /metrics tell of a fleet: who shares the organizations, and how many slots this daemon has. NULL: there is
 * none, and nothing is told. */
#include "base/json.h"
#include "monitor/health.h"

void membership_write_status(const struct health_fleet *fleet, struct json *json); /* the member "fleet" */
/* Whether it fitted is asked of the buffer. */
void membership_write_metrics(const struct health_fleet *fleet, struct buffer *text);
