/* Clusters are worked on with PostgreSQL's own commands as their owner, and with signals. */
#include "support/cluster.h"
#include "support/inner.h"
#include "support/running.h"
#include "support/truth.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LIMIT_MS = 30000, LOOK_EVERY_MS = 10, CHILDREN_AT_MOST = 200 };

/* As the clusters' owner. */
static void as_owner(struct story *story, const char *command) {
  const char *owner = getuid() == 0 ? "runuser -u postgres --" : "env";
  const char *line = story_format(story, "cd / && %s %s </dev/null >/dev/null 2>&1", owner, command);
  if (system(line) != 0)
    story_fail(story, "could not run \"%s\"", line);
}

/* The first value of a question to a server that need not be the story's. */
static const char *ask(struct story *story, const char *directory, const char *sql) {
  PGconn *connection = PQconnectdb(
      story_format(story, "host=%s dbname=postgres user=postgres options='-c synchronous_commit=local'", directory));
  PGresult *result = PQexec(connection, sql);
  bool good = PQresultStatus(result) == PGRES_TUPLES_OK || PQresultStatus(result) == PGRES_COMMAND_OK;
  const char *problem = story_format(story, "%s", PQerrorMessage(connection));
  const char *value = story_format(story, "%s", PQntuples(result) > 0 ? PQgetvalue(result, 0, 0) : "");
  PQclear(result);
  PQfinish(connection);
  if (!good)
    story_fail(story, "could not run \"%s\" in \"%s\": %s", sql, directory, problem);
  return value;
}

/* The programs of the cluster's own version. */
static const char *bin(struct story *story, const char *directory) {
  char path[400] = "";
  FILE *output = popen(
      story_format(story, "CLOSESYNCD_TEST_POSTGRESQL=$(cat '%s/data/PG_VERSION') '%s/tests/support/postgresql' bin",
                   directory, story_source()),
      "re");
  bool is_read = output && fgets(path, sizeof path, output);
  if (output)
    pclose(output);
  if (!is_read)
    story_fail(story, "there is no PostgreSQL for \"%s\"", directory);
  path[strcspn(path, "\n")] = '\0';
  return story_format(story, "%s", path);
}

static void await(struct story *story, const char *directory, const char *expected, const char *sql) {
  for (int waited_ms = 0; waited_ms < LIMIT_MS * story_patience(); waited_ms += LOOK_EVERY_MS) {
    if (strcmp(ask(story, directory, sql), expected) == 0)
      return;
    running_sleep(LOOK_EVERY_MS);
  }
  story_fail(story, "\"%s\" in \"%s\" never said \"%s\"", sql, directory, expected);
}

/* ---- a standby ---- */

void cluster_add_standby(struct story *story, const char *directory) {
  story->other_clusters[0] = directory;
  struct stat owner;
  if (stat(story_format(story, "%s/data", story->host), &owner) != 0 || mkdir(directory, 0755) != 0 ||
      chown(directory, owner.st_uid, owner.st_gid) != 0)
    story_fail(story, "could not make \"%s\": %s", directory, strerror(errno));
  as_owner(story, story_format(story, "%s/pg_basebackup -h %s -U postgres -D %s/data -R -c fast -X stream",
                               bin(story, story->host), story->host, directory));
  as_owner(story, story_format(story,
                               "setsid %s/pg_ctl -D %s/data -l %s/log -w -o \"-c listen_addresses='' -k %s -c fsync=off"
                               " -c unix_socket_permissions=0777 -c shared_buffers=64MB\" start",
                               bin(story, story->host), directory, directory, directory));
  cluster_await_standby(story, directory);
}

void cluster_await_standby(struct story *story, const char *directory) {
  ask(story, story->host,
      "select pg_logical_emit_message(true, 'up to', 'here')"); /* its commit flushes all before it */
  const char *written = ask(story, story->host, "select pg_current_wal_flush_lsn()");
  await(story, directory, "t", story_format(story, "select pg_last_wal_replay_lsn() >= '%s'", written));
}

void cluster_freeze_standby(struct story *story, const char *directory) {
  ask(story, directory, "alter system set primary_conninfo = 'host=/nowhere'");
  ask(story, directory, "select pg_reload_conf()");
  await(story, directory, "0", "select count(*) from pg_stat_wal_receiver");
}

/* ---- killed ---- */

static pid_t postmaster(struct story *story) {
  char *text = file_content(story_format(story, "%s/data/postmaster.pid", story->host));
  pid_t pid = (pid_t)atoi(text);
  free(text);
  if (pid <= 1)
    story_fail(story, "no server runs in \"%s\"", story->host);
  return pid;
}

/* 0: it has ended. */
static pid_t parent_of(pid_t pid) {
  char path[64], state = 'Z';
  snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
  char *text = file_content(path);
  const char *name_end = strrchr(text, ')');
  int parent = 0;
  if (name_end)
    sscanf(name_end + 1, " %c %d", &state, &parent);
  free(text);
  return state == 'Z' ? 0 : (pid_t)parent;
}

static void await_end(pid_t pid) {
  while (parent_of(pid) > 0)
    running_sleep(1);
}

static int children_of(pid_t parent, pid_t children[CHILDREN_AT_MOST]) {
  DIR *processes = opendir("/proc");
  int count = 0;
  for (struct dirent *entry; processes && (entry = readdir(processes)) != NULL;) {
    pid_t pid = (pid_t)atoi(entry->d_name);
    if (pid > 1 && count < CHILDREN_AT_MOST && parent_of(pid) == parent)
      children[count++] = pid;
  }
  if (processes)
    closedir(processes);
  return count;
}

void cluster_forget_commits(struct story *story) {
  static const char *const writers[] = {"walwriter", "background writer", "checkpointer"};
  for (size_t i = 0; i < sizeof writers / sizeof *writers; i++) {
    const char *pid =
        ask(story, story->host,
            story_format(story, "select coalesce(min(pid), 0) from pg_stat_activity where backend_type = '%s'",
                         writers[i]));
    if (atoi(pid) <= 1 || kill((pid_t)atoi(pid), SIGSTOP) != 0)
      story_fail(story, "could not stop the %s", writers[i]);
  }
}

void cluster_kill(struct story *story) {
  pid_t server = postmaster(story), children[CHILDREN_AT_MOST];
  kill(server, SIGSTOP); /* or it would have new children meanwhile */
  int count = children_of(server, children);
  for (int i = 0; i < count; i++)
    kill(children[i], SIGKILL);
  kill(server, SIGKILL);
  for (int i = 0; i < count; i++)
    await_end(children[i]);
  await_end(server);
  /* Its pid may be that of a process nobody has waited for yet, and then seems to be alive. */
  unlink(story_format(story, "%s/data/postmaster.pid", story->host));
  unlink(story_format(story, "%s/.s.PGSQL.5432.lock", story->host));
}

void cluster_fail_over(struct story *story, const char *directory) {
  cluster_kill(story);
  as_owner(story, story_format(story, "%s/pg_ctl promote -w -D %s/data", bin(story, directory), directory));
  own_cluster_move(story, directory);
}

void cluster_restart(struct story *story) {
  as_owner(story, story_format(story, "setsid %s/pg_ctl restart -w -D %s/data -l %s/log", bin(story, story->host),
                               story->host, story->host));
}

/* ---- the clock ---- */

static const char *find_faketime(struct story *story) {
  glob_t found = {0};
  bool is_there = glob("/usr/lib/*/faketime/libfaketime.so.1", 0, NULL, &found) == 0;
  const char *path = is_there ? story_format(story, "%s", found.gl_pathv[0]) : NULL;
  globfree(&found);
  return path;
}

/* libfaketime reads the file at every look at the clock: it is replaced as a whole. */
static void write_clock(struct story *story, long ahead_s) {
  const char *path = story_format(story, "%s/clock", story->host), *next = story_format(story, "%s.next", path);
  story_write(story, next, story_format(story, "%+ld\n", ahead_s));
  if (chmod(next, 0644) != 0 || rename(next, path) != 0)
    story_fail(story, "could not write \"%s\": %s", path, strerror(errno));
}

bool cluster_take_clock(struct story *story) {
  const char *library = find_faketime(story);
  if (!library)
    return false;
  write_clock(story, 0);
  as_owner(story,
           story_format(story,
                        "env LD_PRELOAD=%s FAKETIME_TIMESTAMP_FILE=%s/clock FAKETIME_NO_CACHE=1 NO_FAKE_STAT=1"
                        " DONT_FAKE_MONOTONIC=1 FAKETIME_DONT_FAKE_MONOTONIC=1 setsid %s/pg_ctl restart -m fast -w"
                        " -D %s/data -l %s/log",
                        library, story->host, bin(story, story->host), story->host, story->host));
  return true;
}

void cluster_share_clock(struct story *story) {
  story_environment(story, story_format(story, "LD_PRELOAD=%s", find_faketime(story)));
  story_environment(story, story_format(story, "FAKETIME_TIMESTAMP_FILE=%s/clock", story->host));
  story_environment(story, "FAKETIME_NO_CACHE=1");
  story_environment(story, "NO_FAKE_STAT=1");
  story_environment(story, "DONT_FAKE_MONOTONIC=1");
  story_environment(story, "FAKETIME_DONT_FAKE_MONOTONIC=1");
}

void cluster_set_clock(struct story *story, long ahead_s) {
  write_clock(story, ahead_s);
  story_clock_ahead(story, ahead_s * 1000000LL);
}
