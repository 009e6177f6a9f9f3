#pragma once
/* /status.json, in slices. */
#include "base/json.h"
#include "monitor/health.h"

struct status {
  const struct health *health; /* borrowed, as long as there is more */
  bool begun;
  struct json json;
  int organization; /* the next one */
};

/* `struct status` with its first member; `text` is always the same buffer. Appends what takes a few milliseconds at most; false: that was
 * all. Whether it fitted is asked of the buffer. */
bool status_more(struct status *status, struct buffer *text);
