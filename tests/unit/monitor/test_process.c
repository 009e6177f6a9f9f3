/* What the kernel says of this very process. */
#include "monitor/process.h"
#include <criterion/criterion.h>
#include <fcntl.h>
#include <time.h>
#include <unistd.h>

Test(vitals, are_plausible) {
  struct vitals vitals;
  vitals_read(&vitals);
  cr_assert_geq(vitals.cpu_seconds, 0);
  cr_assert_lt(vitals.cpu_seconds, 3600);
  cr_assert_gt(vitals.resident_bytes, 500000);
  cr_assert_geq(vitals.virtual_bytes, vitals.resident_bytes);
  cr_assert_gt(vitals.open_fds, 2);
  cr_assert_geq(vitals.max_fds, vitals.open_fds);
  double age_s = (double)time(NULL) - vitals.start_time_s;
  cr_assert(age_s > -5 && age_s < 600, "%f", age_s);
}

Test(vitals, count_descriptors_exactly) {
  struct vitals before, after;
  vitals_read(&before);
  int fd = open("/dev/null", O_RDONLY);
  vitals_read(&after);
  cr_assert_eq(after.open_fds, before.open_fds + 1);
  close(fd);
  vitals_read(&after);
  cr_assert_eq(after.open_fds, before.open_fds);
}

Test(vitals, count_cpu_time) {
  struct vitals before, after;
  vitals_read(&before);
  clock_t end = clock() + CLOCKS_PER_SEC / 20;
  while (clock() < end)
    getppid();
  vitals_read(&after);
  cr_assert_geq(after.cpu_seconds, before.cpu_seconds + 0.02);
}
