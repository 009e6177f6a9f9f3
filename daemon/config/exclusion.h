#pragma once
/* sync.exclude_fields: what Close is not asked for, and so what it is asked for (contract section 7). */
#include "config/value.h"

struct config_exclusion {
  struct config_names excluded; /* sorted, unique */
  struct config_names asked;    /* the other ones of Close's default fields; none when nothing is excluded */
  const char *asked_text;       /* the same with commas between them; NULL when nothing is excluded */
};

config_judge_fn config_judge_exclusion; /* struct config_exclusion */
bool config_excludes(const struct config_exclusion *exclusion, const char *name);
