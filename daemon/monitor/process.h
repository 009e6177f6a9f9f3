#pragma once
/* What the kernel says of this process (/proc/self), in the units of Prometheus' process_* metrics. */
#include <stdint.h>

struct process_stats { /* a negative value: could not be read */
  double cpu_seconds, start_time_s;
  int64_t resident_bytes, virtual_bytes, open_fds, max_fds;
};

void process_stats_read(struct process_stats *ret_vitals);
