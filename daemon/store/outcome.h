#pragma once
/* What a sweep came to, as the table `sweep` names it. */
#include "base/text.h"

enum outcome { OUTCOME_UNCHANGED, OUTCOME_CHANGED, OUTCOME_INCOMPLETE, OUTCOME_GUARDED, OUTCOME_FAILED };

const char *outcome_name(enum outcome outcome);
bool outcome_parse(struct slice text, enum outcome *ret_outcome) __attribute__((warn_unused_result));
