/* The loop never stands still (contract section 6, "Life"): whatever Close sends, whoever asks how we are is told at once, and SIGTERM ends
 * it soon. */
#include "base/buffer.h"
#include "support/asking.h"
#include "support/running.h"
#include "support/truth.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* The promises are those of a build for use; a sanitizer takes its time. */
#ifdef __SANITIZE_ADDRESS__
enum { SLOWER = 10 };
#else
enum { SLOWER = 1 };
#endif

enum { ENTRIES = 4, MANY = 20000, TURN_MS = 100 * SLOWER, HEALTHZ_MS = 1000 * SLOWER, WHOLE_MS = 60 * 1000 * SLOWER };

/* Accounts of nearly 1 MiB each, made of as many small things as that holds; to be freed. */
static char *hostile_accounts(void) {
  struct buffer text;
  buffer_init(&text, SIZE_MAX);
  for (int i = 0; i < ENTRIES; i++) {
    buffer_append_format(&text, "%s{\"id\":\"e%d\",\"x\":[{}", i == 0 ? "[" : ",", i);
    for (size_t start = text.length; text.length - start < 1024 * 1024 - 50;)
      if (i % 2 == 0)
        buffer_append_text(&text, ",{}");
      else
        buffer_append_format(&text, ",%d", rand() % 10000);
    buffer_append_text(&text, "]}");
  }
  buffer_append_text(&text, "]");
  return text.bytes;
}

static long now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Asks /healthz until the SQL says so; returns the slowest answer. */
static long slowest_answer_ms(struct story *story, const char *until) {
  long slowest_ms = 0, begin_ms = now_ms();
  do {
    long asked_ms = now_ms();
    char *answer = asking(story, "/healthz");
    if (strstr(answer, "200 OK") == NULL)
      story_fail(story, "/healthz says \"%s\"", answer);
    free(answer);
    slowest_ms = now_ms() - asked_ms > slowest_ms ? now_ms() - asked_ms : slowest_ms;
    if (now_ms() - begin_ms > WHOLE_MS)
      story_fail(story, "never: %s", until);
  } while (*story_sql(story, until) != 't');
  return slowest_ms;
}

static void expect_short(double turn, const char *what) {
  printf("longest turn of %s: %.0f ms of CPU\n", what, turn * 1000);
  cr_assert(turn > 0 && turn * 1000 < TURN_MS, "%s took a turn of %.3f s of CPU", what, turn);
}

static void await_listening(struct story *story, const struct run *run) {
  running_await(story, run, "running", 1, 20000);
  double turn = asking_metric(story, "closesyncd_loop_longest_turn_seconds");
  expect_short(turn, "starting");
}

Test(stands_never_still, while_it_reads_small_things) {
  struct story *story = story_create(2);
  asking_listen(story);
  story_put(story, 2, "{\"id\": \"emailacct_1\", \"_type\": \"google\", \"organization_id\": \"orga_story2\"}");
  const struct run *run = running_start(story, "300ms");
  await_listening(story, run);
  char *accounts = hostile_accounts();
  story_accounts(story, 1, accounts);
  free(accounts);
  long slowest_ms = slowest_answer_ms(
      story, story_format(story, "select count(*) = %d from account where account_id like 'e_'", ENTRIES));
  double turn = asking_metric(story, "closesyncd_loop_longest_turn_seconds");
  printf("slowest /healthz %ld ms\n", slowest_ms);
  expect_short(turn, "reading a page of small things");
  cr_assert_lt(slowest_ms, HEALTHZ_MS, "/healthz took %ld ms", slowest_ms);
  running_stop(story, run);
  story_spare(story, TRUTH_ALL, "an oracle in SQL takes a minute for each of these accounts");
  story_destroy(story);
}

/* Organizations first, first + step, … with a key file each, which nobody answers. */
static void write_many(struct story *story, int first, int step) {
  const char *directory = story_directory(story);
  FILE *config = fopen(story_format(story, "%s/closesyncd.conf.d/many.conf", directory), "we");
  cr_assert_not_null(config);
  for (int i = first; i < MANY; i += step) {
    char path[128];
    snprintf(path, sizeof path, "%s/many%d.key", directory, i);
    fprintf(config, "[organization many%d]\napi_key_file = %s\n", i, path);
    if (access(path, F_OK) == 0)
      continue;
    FILE *key = fopen(path, "we");
    fprintf(key, "api_many_%d\n", i);
    fchmod(fileno(key), 0600);
    fclose(key);
  }
  fclose(config);
}

static void reload(struct story *story, const struct run *run, int times, const char *what) {
  story_signal(story, run, SIGHUP);
  long slowest_ms = 0;
  while (running_lines(story, run, "the new configuration is in force") < times) {
    long asked_ms = now_ms();
    free(asking(story, "/healthz"));
    slowest_ms = now_ms() - asked_ms > slowest_ms ? now_ms() - asked_ms : slowest_ms;
    running_sleep(10);
  }
  printf("slowest /healthz of %s: %ld ms\n", what, slowest_ms);
  cr_assert_lt(slowest_ms, HEALTHZ_MS, "/healthz took %ld ms", slowest_ms);
}

/* A start, a reload that changes nobody, one that changes all, and a stop. Nobody asks for metrics: the last word of the log is of all its
 * life. */
Test(stands_never_still, with_many_organizations) {
  struct story *story = story_create(1);
  asking_listen(story);
  story_set(story, "log", "level", "debug");
  story_set(story, "api", "base_url", "http://127.0.0.1:1/api/v1");
  write_many(story, 0, 2);
  const struct run *run = story_start(story, "run", NULL);
  char *answer = asking(story, "/healthz");
  while (*answer == '\0') {
    free(answer);
    answer = asking(story, "/healthz");
  }
  free(answer);
  reload(story, run, 1, "a start and a reload");
  write_many(story, 1, 2);
  reload(story, run, 2, "a reload that changes all");
  running_stop(story, run);
  const char *last = strstr(running_said(story, run), "longest_turn_us=");
  cr_assert_not_null(last);
  expect_short(atof(last + strlen("longest_turn_us=")) / 1e6, "a start, two reloads and a stop");
  story_destroy(story);
}
