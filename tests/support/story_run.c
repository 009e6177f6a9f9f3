/* Running the real binary, and what may be expected of a run. */
#include "support/inner.h"

#include <json-c/json.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ARGUMENTS_AT_MOST = 60, RUN_LIMIT_MS = 60000 };

static struct background *background_of(const struct run *run) { return (struct background *)(uintptr_t)run; }

static const char *binary(void) {
  const char *path = getenv("CLOSESYNCD_BINARY");
  return path ? path : SUPPORT_BINARY;
}

static struct run *start(struct story *story, va_list arguments) {
  const char *argv[ARGUMENTS_AT_MOST + 4] = {binary(), "-c", story_config_path(story)};
  int count = 3;
  while ((argv[count] = va_arg(arguments, const char *)) != NULL)
    if (++count > ARGUMENTS_AT_MOST)
      story_fail(story, "too many arguments");
  if (story->run_count == RUNS_AT_MOST)
    story_fail(story, "too many runs in one story");
  struct background *background = calloc(1, sizeof *background);
  if (!background)
    abort();
  background->run = (struct run){.exit_status = -1, .out = "", .err = ""};
  char name[32];
  snprintf(name, sizeof name, "run%d", story->run_count + 1);
  story->runs[story->run_count++] = background;
  if (!process_start(&background->process, story->directory, name, argv, story->environment))
    story_fail(story, "could not start \"%s\"", argv[0]);
  return &background->run;
}

const struct run *story_start(struct story *story, ...) {
  va_list arguments;
  va_start(arguments, story);
  const struct run *run = start(story, arguments);
  va_end(arguments);
  return run;
}

static void refuse_sanitizer_reports(struct story *story, const struct run *run) {
  static const char *const reports[] = {"LeakSanitizer: detected", "AddressSanitizer:", "runtime error:"};
  for (size_t i = 0; i < sizeof reports / sizeof *reports; i++)
    if (strstr(run->err, reports[i]))
      story_fail(story, "the run has a sanitizer's report: %s", reports[i]);
}

void story_wait(struct story *story, const struct run *run, int limit_ms) {
  struct background *background = background_of(run);
  if (!process_wait(&background->process, limit_ms * story_patience()))
    story_fail(story, "a run did not end within %d ms", limit_ms * story_patience());
  background->run.exit_status = background->process.status;
  background->run.out = story_keep(story, file_content(background->process.out_path));
  background->run.err = story_keep(story, file_content(background->process.err_path));
  refuse_sanitizer_reports(story, run);
}

const struct run *story_run(struct story *story, ...) {
  va_list arguments;
  va_start(arguments, story);
  const struct run *run = start(story, arguments);
  va_end(arguments);
  story_wait(story, run, RUN_LIMIT_MS);
  return run;
}

const struct run *story_expect_exit(struct story *story, int exit_status, ...) {
  va_list arguments;
  va_start(arguments, exit_status);
  const struct run *run = start(story, arguments);
  va_end(arguments);
  story_wait(story, run, RUN_LIMIT_MS);
  if (run->exit_status != exit_status)
    story_fail(story, "exit status %d, expected %d", run->exit_status, exit_status);
  return run;
}

int story_pid(const struct story *story, const struct run *run) {
  (void)story;
  return (int)background_of(run)->process.pid;
}

void story_signal(struct story *story, const struct run *run, int signal) {
  if (kill(story_pid(story, run), signal) != 0)
    story_fail(story, "could not send signal %d", signal);
}

bool story_ended(struct story *story, const struct run *run) {
  if (!process_wait(&background_of(run)->process, 0))
    return false;
  story_wait(story, run, 0);
  return true;
}

struct json_object *story_line(struct story *story, const struct run *run, const char *name) {
  for (const char *at = run->out; *at;) {
    size_t length = strcspn(at, "\n");
    const char *line = story_format(story, "%.*s", (int)length, at);
    struct json_object *object = json_tokener_parse(line);
    if (strcmp(json_object_get_string(json_object_object_get(object, "organization")), name) == 0)
      return object;
    json_object_put(object);
    at += length + (at[length] == '\n');
  }
  story_fail(story, "no line of \"%s\" in the output", name);
}

void story_expect_member(struct story *story, const struct run *run, const char *name, const char *member,
                         const char *expected) {
  struct json_object *line = story_line(story, run, name);
  struct json_object *value = NULL;
  if (!json_object_object_get_ex(line, member, &value))
    story_fail(story, "the line of \"%s\" has no \"%s\"", name, member);
  const char *text = story_format(story, "%s", value ? json_object_get_string(value) : "null");
  json_object_put(line);
  if (strcmp(text, expected) != 0)
    story_fail(story, "\"%s\" of \"%s\" is \"%s\", expected \"%s\"", member, name, text, expected);
}

void story_expect_stderr(struct story *story, const struct run *run, const char *part) {
  if (!strstr(run->err, part))
    story_fail(story, "stderr does not say \"%s\"", part);
}
