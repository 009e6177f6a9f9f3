#pragma once
/* Health and the process as Prometheus reads it: text exposition format 0.0.4. */
#include "monitor/health.h"
#include "monitor/process.h"

#define METRICS_CONTENT_TYPE "text/plain; version=0.0.4; charset=utf-8"

/* False when `text`'s limit is too small. `vitals` NULL leaves process_* out. */
bool metrics_write(const struct health *health, const struct process_stats *process_stats, struct buffer *text)
    __attribute__((warn_unused_result));
