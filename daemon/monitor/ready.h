#pragma once
/* /readyz, in slices. */
#include "base/json.h"
#include "monitor/health.h"

#define READY_LATE "no success for 3 intervals"

struct ready {
  const struct health *health; /* borrowed, as long as there is more */
  bool ready, begun;           /* `ready` from the first slice on */
  bool listing;                /* reasons were told */
  struct json json;
  int next;
};

/* {"ready": true}, and where there are any: "reasons": why the database is none, and every organization that is late, by name; one that is
 * late does not make the daemon unready as long as another is not. As status_more(). */
bool ready_more(struct ready *ready, struct buffer *text);
/* At once, if there is nothing to list; false: nothing was written. */
bool ready_write_well(struct buffer *text, const struct health *health) __attribute__((warn_unused_result));
/* At once, of one organization alone, which is late or not; returns whether it is ready. */
bool ready_write_own(struct buffer *text, const struct health *health, const struct health_organization *organization);
/* Of one that this daemon does not sweep. `reason` NULL: it is ready; `seconds` since its last success, negative: not known; `error` may
 * be NULL. */
void ready_write_other(struct buffer *text, const char *organization, const char *reason, int64_t seconds,
                       const char *error);
