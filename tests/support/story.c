/* A story's life: directory, database, simulator, configuration, and their end in reverse. */
#include "support/inner.h"
#include "support/truth.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <ftw.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

int story_patience(void) {
  const char *patience = getenv("CLOSESYNCD_TEST_PATIENCE");
  return patience && atoi(patience) > 0 ? atoi(patience) : 1;
}

const char *story_source(void) {
  const char *source = getenv("CLOSESYNCD_SOURCE");
  return source ? source : SUPPORT_SOURCE;
}

void *story_keep(struct story *story, void *memory) {
  story->kept = realloc(story->kept, (story->kept_count + 1) * sizeof *story->kept);
  if (!memory || !story->kept)
    abort();
  story->kept[story->kept_count++] = memory;
  return memory;
}

const char *story_format(struct story *story, const char *format, ...) {
  char *text = NULL;
  va_list arguments;
  va_start(arguments, format);
  int length = vasprintf(&text, format, arguments);
  va_end(arguments);
  return story_keep(story, length < 0 ? NULL : text);
}

void story_write(struct story *story, const char *path, const char *content) {
  FILE *file = fopen(path, "we");
  if (!file || fputs(content, file) < 0 || fchmod(fileno(file), 0600) != 0 || fclose(file) != 0)
    story_fail(story, "could not write \"%s\": %s", path, strerror(errno));
}

void story_cluster(struct story *story, const char *verb, const char *directory) {
  const char *command = story_format(story, "'%s/tests/support/cluster' %s '%s'", story_source(), verb, directory);
  if (system(command) != 0)
    cr_assert_fail("could not %s a PostgreSQL cluster in \"%s\"", verb, directory);
}

/* The fixture's cluster, or one of our own when a test is run by hand. */
static void find_cluster(struct story *story) {
  const char *given = getenv("CLOSESYNCD_TEST_PGHOST");
  if (given && access(given, X_OK) == 0) {
    snprintf(story->host, sizeof story->host, "%s", given);
    return;
  }
  const char *base = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
  snprintf(story->host, sizeof story->host, "%s/closesyncd-%d", base, (int)getpid());
  story->own_cluster = true;
  story_cluster(story, "start", story->host);
}

static void make_directory(struct story *story) {
  const char *base = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
  snprintf(story->directory, sizeof story->directory, "%s/story-XXXXXX", base);
  if (!mkdtemp(story->directory))
    cr_assert_fail("could not make a directory in \"%s\": %s", base, strerror(errno));
  mkdir(story_format(story, "%s/closesyncd.conf.d", story->directory), 0700);
}

const char *story_config_path(struct story *story) {
  return story_format(story, "%s/closesyncd.conf", story->directory);
}

static void write_config(struct story *story) {
  char *text = NULL;
  size_t length = 0;
  FILE *config = open_memstream(&text, &length);
  /* Members are asked for in their own stories: others count requests. */
  fprintf(config, "[database]\nconninfo = %s\n[api]\nbase_url = http://127.0.0.1:%d/api/v1\n[sync]\nmembers = no\n",
          story_conninfo(story), story->port);
  for (int i = 1; i <= story->organizations; i++) {
    const char *path = story_format(story, "%s/org%d.key", story->directory, i);
    story_write(story, path, story_format(story, "api_story_%d\n", i));
    fprintf(config, "[organization org%d]\napi_key_file = %s\n", i, path);
  }
  fclose(config);
  story_write(story, story_config_path(story), story_keep(story, text));
}

void story_set(struct story *story, const char *section, const char *key, const char *value) {
  const char *path = story_format(story, "%s/closesyncd.conf.d/%04d.conf", story->directory, ++story->settings);
  story_write(story, path, story_format(story, "[%s]\n%s = %s\n", section, key, value));
}

void story_environment(struct story *story, const char *assignment) {
  int count = 0;
  while (story->environment[count])
    count++;
  if (count == ENVIRONMENT_AT_MOST)
    story_fail(story, "too many environment variables");
  story->environment[count] = story_format(story, "%s", assignment);
}

void story_note(struct story *story, const char *note) { story->note = story_format(story, "%s", note); }

const char *story_directory(const struct story *story) { return story->directory; }

int story_port(const struct story *story) { return story->port; }

struct story *story_create_generated(int organizations, int accounts_each, unsigned long long seed) {
  struct story *story = calloc(1, sizeof *story);
  if (!story)
    abort();
  story->organizations = organizations;
  story->sim.pid = story->sim.pidfd = -1;
  find_cluster(story);
  make_directory(story);
  story_open_database(story);
  story_start_sim(story, accounts_each, seed);
  write_config(story);
  return story;
}

struct story *story_create(int organizations) {
  return story_create_generated(organizations, 0, 1);
}

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *walk) {
  (void)status;
  (void)type;
  (void)walk;
  return remove(path);
}

static void end(struct story *story) {
  for (int i = 0; i < story->run_count; i++)
    process_finish(&story->runs[i]->process);
  process_finish(&story->sim);
  story_close_database(story);
  nftw(story->directory, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
  if (story->own_cluster)
    story_cluster(story, "stop", story->host);
  for (int i = 0; i < 2; i++)
    if (story->other_clusters[i] != NULL)
      story_cluster(story, "stop", story->other_clusters[i]);
}

void story_destroy(struct story *story) {
  if (!story)
    return;
  story_end_truly(story);
  end(story);
  for (int i = 0; i < story->run_count; i++)
    free(story->runs[i]);
  for (size_t i = 0; i < story->kept_count; i++)
    free(story->kept[i]);
  free(story->kept);
  free(story);
}

/* The last 4 kB of a text, as evidence. */
static const char *tail(const char *text) {
  size_t length = strlen(text);
  return length > 4096 ? text + length - 4096 : text;
}

void story_fail(struct story *story, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  char *message = NULL;
  if (vasprintf(&message, format, arguments) < 0)
    abort();
  va_end(arguments);
  if (story->note)
    fprintf(stderr, "---- %s\n", story->note);
  for (int i = story->run_count > 3 ? story->run_count - 3 : 0; i < story->run_count; i++) {
    struct process *process = &story->runs[i]->process;
    char *out = file_content(process->out_path);
    char *err = file_content(process->err_path);
    fprintf(stderr, "---- run %d: exit status %d\n%s---- its stderr\n%s", i + 1, process->status, tail(out), tail(err));
    free(out);
    free(err);
  }
  if (!story->failing && story->port) {
    story->failing = true;
    fprintf(stderr, "---- requests\n%s", tail(story_requests(story)));
  }
  end(story);
  cr_assert_fail("%s", message);
  abort();
}
