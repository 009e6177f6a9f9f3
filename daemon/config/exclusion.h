#pragma once
/* sync.exclude_fields: what Close is not asked for, and so what it is asked for (contract section 7). */
#include "config/value.h"

config_judge_fn config_judge_exclusion; /* struct config_exclusion */
bool config_excludes(const struct config_exclusion *exclusion, const char *name);
