/* Reads proc(5). What cannot be read is negative, and never wrong. */
#include "monitor/process.h"
#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

/* The fields of /proc/self/stat behind the name, which may hold anything: 14 utime, 15 stime, 22 starttime (ticks since boot),
 * 23 vsize (bytes), 24 rss (pages). */
static bool read_stat(unsigned long long *ret_cpu, unsigned long long *ret_start, struct process_stats *process_stats) {
  char text[1024];
  FILE *file = fopen("/proc/self/stat", "re");
  if (file == NULL)
    return false;
  size_t length = fread(text, 1, sizeof text - 1, file);
  fclose(file);
  text[length] = '\0';
  const char *rest = strrchr(text, ')');
  unsigned long long user, kernel, size;
  long long pages;
  if (rest == NULL ||
      sscanf(rest + 1, " %*c %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %llu %llu %*s %*s %*s %*s %*s %*s %llu %llu %lld",
             &user, &kernel, ret_start, &size, &pages) != 5)
    return false;
  *ret_cpu = user + kernel;
  process_stats->virtual_bytes = (int64_t)size;
  process_stats->resident_bytes = pages * sysconf(_SC_PAGESIZE);
  return true;
}

static bool read_boot_time(double *ret_boot_s) {
  FILE *file = fopen("/proc/stat", "re");
  if (file == NULL)
    return false;
  char line[256];
  unsigned long long boot_s;
  bool found = false;
  while (!found && fgets(line, sizeof line, file) != NULL)
    found = sscanf(line, "btime %llu", &boot_s) == 1;
  fclose(file);
  if (found)
    *ret_boot_s = (double)boot_s;
  return found;
}

static int64_t count_fds(void) {
  DIR *directory = opendir("/proc/self/fd");
  if (directory == NULL)
    return -1;
  int64_t count = -1; /* the directory's own */
  for (const struct dirent *entry; (entry = readdir(directory)) != NULL;)
    count += entry->d_name[0] != '.';
  closedir(directory);
  return count;
}

void process_stats_read(struct process_stats *ret_vitals) {
  *ret_vitals = (struct process_stats){-1, -1, -1, -1, count_fds(), -1};
  double ticks = (double)sysconf(_SC_CLK_TCK), boot_s;
  unsigned long long cpu, start;
  if (read_stat(&cpu, &start, ret_vitals)) {
    ret_vitals->cpu_seconds = (double)cpu / ticks;
    if (read_boot_time(&boot_s))
      ret_vitals->start_time_s = boot_s + (double)start / ticks;
  }
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY)
    ret_vitals->max_fds = (int64_t)limit.rlim_cur;
}
