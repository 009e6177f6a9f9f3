#pragma once
/* Health and the process as Prometheus reads it (/metrics), in slices: all samples of a metric stand together, as the format demands, so
 * the organizations are walked once per metric. */
#include "monitor/health.h"
#include "monitor/process.h"

struct metrics {
  const struct health *health;               /* borrowed, as long as there is more */
  const struct process_stats *process_stats; /* borrowed; NULL leaves process_* out */
  bool totals;                               /* all organizations together, instead of each */
  bool begun;
  size_t metric;
  int organization;                 /* the next one */
  struct health_organization total; /* of those before it, where totals are told */
};

/* `struct metrics` with its first three members. Appends what takes a few milliseconds at most; false: that was all. Whether it
 * fitted is asked of the buffer. */
bool metrics_more(struct metrics *metrics, struct buffer *text);
