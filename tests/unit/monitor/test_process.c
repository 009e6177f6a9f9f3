/* What the kernel says of this very process. */
#include "monitor/process.h"
#include <criterion/criterion.h>
#include <fcntl.h>
#include <time.h>
#include <unistd.h>

Test(process_stats, are_plausible) {
  struct process_stats process_stats;
  process_stats_read(&process_stats);
  cr_assert_geq(process_stats.cpu_seconds, 0);
  cr_assert_lt(process_stats.cpu_seconds, 3600);
  cr_assert_gt(process_stats.resident_bytes, 500000);
  cr_assert_geq(process_stats.virtual_bytes, process_stats.resident_bytes);
  cr_assert_gt(process_stats.open_fds, 2);
  cr_assert_geq(process_stats.max_fds, process_stats.open_fds);
  double age_s = (double)time(NULL) - process_stats.start_time_s;
  cr_assert(age_s > -5 && age_s < 600, "%f", age_s);
}

Test(process_stats, count_descriptors_exactly) {
  struct process_stats before, after;
  process_stats_read(&before);
  int fd = open("/dev/null", O_RDONLY);
  process_stats_read(&after);
  cr_assert_eq(after.open_fds, before.open_fds + 1);
  close(fd);
  process_stats_read(&after);
  cr_assert_eq(after.open_fds, before.open_fds);
}

Test(process_stats, count_cpu_time) {
  struct process_stats before, after;
  process_stats_read(&before);
  clock_t end = clock() + CLOCKS_PER_SEC / 20;
  while (clock() < end)
    getppid();
  process_stats_read(&after);
  cr_assert_geq(after.cpu_seconds, before.cpu_seconds + 0.02);
}
