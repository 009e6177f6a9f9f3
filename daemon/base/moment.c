#include "base/moment.h"
#include <stdio.h>
#include <time.h>

void moment_format(int64_t moment_us, char ret_text[MOMENT_TEXT_BYTES]) {
  int64_t seconds = moment_us / 1000000, rest = moment_us % 1000000;
  if (rest < 0) {
    seconds--;
    rest += 1000000;
  }
  struct tm parts;
  time_t time = (time_t)seconds;
  gmtime_r(&time, &parts);
  snprintf(ret_text, MOMENT_TEXT_BYTES, "%04d-%02d-%02dT%02d:%02d:%02d.%06dZ", (parts.tm_year + 1900) % 10000,
           (parts.tm_mon + 1) % 100, parts.tm_mday % 100, parts.tm_hour % 100, parts.tm_min % 100, parts.tm_sec % 100,
           (int)rest);
}

const char *moment_span(int64_t seconds, long long *ret_count) {
  static const struct {
    int64_t seconds;
    const char *name;
  } units[] = {{86400, "days"}, {3600, "h"}, {60, "min"}, {1, "s"}};
  size_t unit = 0;
  while (unit < 3 && seconds < 2 * units[unit].seconds)
    unit++;
  *ret_count = seconds / units[unit].seconds;
  return units[unit].name;
}

int64_t moment_now_us(void) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}
