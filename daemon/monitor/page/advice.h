#pragma once
/* What a person can do about an organization, in a sentence. */
#include "monitor/health.h"

/* Its turn has not come yet since the daemon began, and it never had one: no trouble. */
bool advice_is_waiting(const struct health *health, const struct health_organization *organization);

/* Static text; NULL: nothing is to be done. */
const char *advice_for(const struct health *health, const struct health_organization *organization);
