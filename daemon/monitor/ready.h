#pragma once
/* /readyz, in slices. */
#include "base/json.h"
#include "monitor/health.h"

#define READY_LATE "no success for 3 intervals"

struct ready {
  const struct health *health; /* borrowed, as long as there is more */
  const char *organization;    /* this one alone, one of them; NULL: all */
  bool ready, begun;           /* `ready` from the first slice on */
  bool listing;                /* reasons were told */
  struct json json;
  int next;
};

/* {"ready": true}, and where there are any: "reasons": why the database is none, and every organization that is late, by name; one that is
 * late does not make the daemon unready as long as another is not. As status_more(). */
bool ready_more(struct ready *ready, struct buffer *text);
/* Of one that this daemon does not sweep. `reason` NULL: it is ready; `seconds` since its last success, negative: not known; `error` may
 * be NULL. */
void ready_write_other(struct buffer *text, const char *organization, const char *reason, int64_t seconds,
                       const char *error);
