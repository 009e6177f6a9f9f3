#include "store/outcome.h"

static const char *const names[] = {"unchanged", "changed", "incomplete", "guarded", "failed"};

const char *outcome_name(enum outcome outcome) { return names[outcome]; }

bool outcome_parse(struct slice text, enum outcome *ret_outcome) {
  for (int i = OUTCOME_UNCHANGED; i <= OUTCOME_FAILED; i++)
    if (slice_equals(text, names[i])) {
      *ret_outcome = (enum outcome)i;
      return true;
    }
  return false;
}
