#include "support/running.h"
#include "support/inner.h"

#include <criterion/criterion.h>
#include <json-c/json.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { LOOK_EVERY_MS = 20 };

void running_sleep(int ms) {
  struct timespec pause = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L};
  nanosleep(&pause, NULL);
}

const char *running_said(struct story *story, const struct run *run) {
  return story_keep(story, file_content(((const struct background *)run)->process.err_path));
}

const char *running_printed(struct story *story, const struct run *run) {
  return story_keep(story, file_content(((const struct background *)run)->process.out_path));
}

int running_lines(struct story *story, const struct run *run, const char *part) {
  int lines = 0;
  for (const char *at = running_said(story, run); *at;) {
    size_t length = strcspn(at, "\n");
    lines += memmem(at, length, part, strlen(part)) != NULL;
    at += length + (at[length] == '\n');
  }
  return lines;
}

void running_await(struct story *story, const struct run *run, const char *part, int lines, int limit_ms) {
  for (int waited_ms = 0; waited_ms < limit_ms * story_patience(); waited_ms += LOOK_EVERY_MS) {
    if (running_lines(story, run, part) >= lines)
      return;
    if (story_ended(story, run))
      story_fail(story, "it ended with %d and never said \"%s\"", run->exit_status, part);
    running_sleep(LOOK_EVERY_MS);
  }
  story_fail(story, "it never said \"%s\" %d times, but:\n%s", part, lines, running_said(story, run));
}

const struct run *running_start(struct story *story, const char *interval) {
  if (interval != NULL)
    story_set(story, "sync", "interval", interval);
  const struct run *run = story_start(story, "run", NULL);
  running_await(story, run, "running organizations=", 1, 35000);
  return run;
}

void running_stop(struct story *story, const struct run *run) {
  story_signal(story, run, SIGTERM);
  story_wait(story, run, 5000);
  if (run->exit_status != 0)
    story_fail(story, "stopped with exit status %d", run->exit_status);
}

int running_requests(struct story *story, int organization, const char *part, long long ret_at_ms[], int max) {
  struct json_object *log = json_tokener_parse(story_requests(story));
  int count = 0;
  for (size_t i = 0; log && i < json_object_array_length(log); i++) {
    struct json_object *request = json_object_array_get_idx(log, i);
    if (json_object_get_int(json_object_object_get(request, "organization")) != organization ||
        !strstr(json_object_get_string(json_object_object_get(request, "target")), part))
      continue;
    if (count < max)
      ret_at_ms[count] = json_object_get_int64(json_object_object_get(request, "at_ms"));
    count++;
  }
  json_object_put(log);
  return count;
}

int running_status_count(struct story *story, int organization, int status) {
  struct json_object *log = json_tokener_parse(story_requests(story));
  int count = 0;
  for (size_t i = 0; log && i < json_object_array_length(log); i++) {
    struct json_object *request = json_object_array_get_idx(log, i);
    count += json_object_get_int(json_object_object_get(request, "organization")) == organization &&
             json_object_get_int(json_object_object_get(request, "status")) == status;
  }
  json_object_put(log);
  return count;
}

void running_await_requests(struct story *story, int organization, long count, int limit_ms) {
  for (int waited_ms = 0; waited_ms < limit_ms * story_patience(); waited_ms += LOOK_EVERY_MS) {
    if (running_requests(story, organization, "", NULL, 0) >= count)
      return;
    running_sleep(LOOK_EVERY_MS);
  }
  story_fail(story, "organization %d never made %ld requests", organization, count);
}

long running_resident_kib(struct story *story, const struct run *run) {
  char *status = file_content(story_format(story, "/proc/%d/status", story_pid(story, run)));
  const char *line = strstr(status, "VmRSS:");
  long kib = line ? strtol(line + 6, NULL, 10) : 0;
  free(status);
  return kib;
}

/* ---- a cluster that comes and goes ---- */

static void shell(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void shell(const char *format, ...) {
  char command[1000];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(command, sizeof command, format, arguments);
  va_end(arguments);
  if (system(command) != 0)
    cr_assert_fail("could not run \"%s\"", command);
}

struct story *own_cluster_story(int organizations, int accounts_each) {
  unsetenv("CLOSESYNCD_TEST_PGHOST");
  struct story *story = story_create_generated(organizations, accounts_each, 9);
  story_sql(story,
            "alter role postgres set synchronous_commit = on"); /* what was committed survives an immediate stop */
  return story;
}

const char *own_cluster(const struct story *story) { return story->host; }

void own_cluster_control(const char *directory, const char *words) {
  const char *owner = getuid() == 0 ? "runuser -u postgres --" : "";
  shell("cd / && bin=$(CLOSESYNCD_TEST_POSTGRESQL=$(cat '%s/data/PG_VERSION') '%s/tests/support/postgresql' bin) && "
        "%s setsid $bin/pg_ctl %s -D '%s/data' -w >/dev/null 2>&1 </dev/null",
        directory, story_source(), owner, words, directory);
}

void own_cluster_set(const char *directory, const char *line) {
  shell("printf '%%s\\n' \"%s\" >> '%s/data/postgresql.auto.conf'", line, directory);
}

void own_cluster_add(struct story *story, const char *directory) {
  story->other_clusters[story->other_clusters[0] == NULL ? 0 : 1] = directory;
  story_cluster(story, "start", directory);
}

void own_cluster_add_standby(struct story *story, const char *directory) {
  story->other_clusters[0] = directory;
  const char *owner = getuid() == 0 ? "runuser -u postgres --" : "";
  const char *bin = story_format(story, "$('%s/tests/support/postgresql' bin)", story_source());
  shell("mkdir -m 0755 '%s' && if [ $(id -u) = 0 ]; then chown postgres '%s'; fi", directory, directory);
  shell("cd / && %s %s/pg_basebackup -h '%s' -U postgres -D '%s/data' -R -c fast -X stream >/dev/null", owner, bin,
        story->host, directory);
  shell("cd / && %s setsid %s/pg_ctl -D '%s/data' -l '%s/log' -w -o \"-c listen_addresses='' -k %s -c fsync=off "
        "-c unix_socket_permissions=0777 -c shared_buffers=64MB\" start >/dev/null 2>&1 </dev/null",
        owner, bin, directory, directory, directory);
  own_cluster_set(story->host, "synchronous_standby_names = '*'");
  own_cluster_control(story->host, "reload");
  story_sql(story, "alter role postgres set synchronous_commit = remote_apply");
}

void own_cluster_move(struct story *story, const char *directory) {
  story_cluster(story, "stop", story->host);
  snprintf(story->host, sizeof story->host, "%s", directory);
  story->other_clusters[0] = NULL;
  PQfinish(story->connection);
  story->connection = PQconnectdb(
      story_format(story, "%s options='-c search_path=close_crm -c TimeZone=UTC -c client_min_messages=warning'",
                   story_conninfo(story)));
}
