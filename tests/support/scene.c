/* What every scene is expected to leave alone. */
#include "support/scene.h"
#include "support/inner.h"

#include <json-c/json.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { TRIES = 3, SPARE_MS = 4000, PEAK_KIB = 150 * 1024 };

static const char ACCOUNT[] = "{\"id\": \"emailacct_%d_%d\", \"_type\": \"google\", \"organization_id\": "
                              "\"orga_story%d\", \"user_id\": \"user_%d\", \"email\": \"a%d@example.com\"}";

struct story *scene_story(int request_timeout_ms) {
  struct story *story = story_create(2);
  story_set(story, "api", "request_timeout", story_format(story, "%dms", request_timeout_ms));
  story_set(story, "api", "max_response", "8MiB");
  for (int organization = 1; organization <= 2; organization++)
    for (int i = 1; i <= 3; i++)
      story_put(story, organization, story_format(story, ACCOUNT, organization, i, organization, i, i));
  story_expect_exit(story, 0, "sync", NULL);
  return story;
}

long scene_peak_kib(const struct run *run) {
#ifdef __SANITIZE_ADDRESS__
  (void)run;
  return 0;
#else
  return ((const struct background *)(uintptr_t)run)->process.peak_kib;
#endif
}

static long now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int exit_of(const char *outcome) {
  if (strcmp(outcome, "failed") == 0 || strcmp(outcome, "incomplete") == 0)
    return 1;
  return strcmp(outcome, "guarded") == 0 ? 3 : 0;
}

static const char *member(struct story *story, const struct run *run, const char *name) {
  struct json_object *line = story_line(story, run, "org1"), *value = json_object_object_get(line, name);
  const char *text = value ? story_format(story, "%s", json_object_get_string(value)) : NULL;
  json_object_put(line);
  return text;
}

static void expect_words(struct story *story, const struct scene *scene, const struct run *run, const char *error) {
  if ((error == NULL) != (scene->error == NULL))
    story_fail(story, "%s: error is \"%s\"", scene->name, error ? error : "null");
  if (error && !strstr(error, scene->error))
    story_fail(story, "%s: error is \"%s\", expected \"%s\" in it", scene->name, error, scene->error);
  if (strstr(run->err, "api_story") || strstr(run->out, "api_story"))
    story_fail(story, "%s: the output holds a key", scene->name);
  bool capital = error && error[0] >= 'A' && error[0] <= 'Z' && strncmp(error, "Close", 5) != 0;
  if (capital || (error && error[strlen(error) - 1] == '.'))
    story_fail(story, "%s: \"%s\" is no error text of ours", scene->name, error);
}

static long list_count(struct story *story) {
  struct json_object *log = json_tokener_parse(story_requests(story));
  long count = 0;
  for (size_t i = 0; log && i < json_object_array_length(log); i++) {
    struct json_object *entry = json_object_array_get_idx(log, i);
    const char *target = json_object_get_string(json_object_object_get(entry, "target"));
    bool list = strstr(target, "/connected_account/?") || strcmp(target, "/api/v1/connected_account/") == 0;
    count += list && json_object_get_int(json_object_object_get(entry, "organization")) == 1;
  }
  json_object_put(log);
  return count;
}

static const char *play_once(struct story *story, const struct scene *scene) {
  const char *before = story_dump(story, STORY_BOOKKEEPING);
  story_replies(story, scene->replies
                           ? scene->replies
                           : story_format(story,
                                          "[{\"match\": {\"key\": \"api_story_1\", \"path\": \"/connected_account/\"}, "
                                          "%s}]",
                                          scene->reply));
  story_forget_requests(story);
  long began_ms = now_ms();
  const struct run *run = story_run(story, "sync", "--json", NULL);
  long elapsed_ms = now_ms() - began_ms;
  const char *error = member(story, run, "error");
  const char *outcome = member(story, run, "outcome");
  if (strcmp(outcome, scene->outcome) != 0 || run->exit_status != exit_of(scene->outcome))
    story_fail(story, "%s: %s with exit %d, expected %s (%s)", scene->name, outcome, run->exit_status, scene->outcome,
               error ? error : "no error");
  expect_words(story, scene, run, error);
  story_expect_member(story, run, "org2", "outcome", "unchanged");
  story_expect_same(story, before, story_dump(story, STORY_BOOKKEEPING));
  if (scene->lists && list_count(story) != scene->lists)
    story_fail(story, "%s: the list was asked for %ld times, expected %d", scene->name, list_count(story),
               scene->lists);
  if (elapsed_ms > TRIES * (1000 + 1000) * story_patience() + SPARE_MS * story_patience())
    story_fail(story, "%s: took %ld ms", scene->name, elapsed_ms);
  if (scene_peak_kib(run) > PEAK_KIB)
    story_fail(story, "%s: needed %ld KiB of memory", scene->name, scene_peak_kib(run));
  return error;
}

void expect_scene(struct story *story, const struct scene *scene) {
  const char *first = play_once(story, scene);
  const char *second = play_once(story, scene);
  if (first && strcmp(first, second) != 0)
    story_fail(story, "%s: the same failure reads \"%s\" and \"%s\"", scene->name, first, second);
  if (first)
    story_expect_sql(story, "2",
                     "select attempts from sweep where organization_id = 'orga_story1' order by sweep_id desc limit 1");
  story_replies(story, "[]");
  const struct run *run = story_expect_exit(story, 0, "sync", "--json", NULL);
  story_expect_member(story, run, "org1", "outcome", "unchanged");
  story_expect_member(story, run, "org1", "accounts", "3");
}
