#pragma once
/* What an HTTP answer of Close means: take it, wait, ask again, or give up (close-api.md sections 4 and 5). */
#include "base/text.h"
#include <time.h>

enum verdict {
  VERDICT_TAKE,       /* 200 */
  VERDICT_PARAMETERS, /* 400: ask again without _limit and _skip */
  VERDICT_REFUSED,    /* 401, 403: the key, or its rights */
  VERDICT_MISSING,    /* 404 */
  VERDICT_WAIT,       /* 429: not before wait_ms */
  VERDICT_AGAIN,      /* 503: after a pause, not before wait_ms */
  VERDICT_GIVE_UP,    /* everything else, redirects included */
};

enum { VERDICT_WAIT_DEFAULT_MS = 2000, VERDICT_WAIT_MAX_MS = 3600 * 1000 };

struct rate_reading { /* of the limit nearest to being hit; from `RateLimit` or its older names */
  bool known;
  int64_t limit, remaining, reset_ms; /* -1 where unsaid; fractional seconds are rounded up to whole ones */
};

struct verdict_reading {
  enum verdict verdict;
  /* At most 1 h. WAIT: RateLimit's reset, else Retry-After, else any older reset, else 2 s. AGAIN: Retry-After, or 0. */
  int64_t wait_ms;
  struct rate_reading rate;
};

/* `now`: wall time, for a Retry-After that is a date. Malformed headers count as absent. */
struct verdict_reading verdict_read(int status, const struct header *headers, int header_count, time_t now);
