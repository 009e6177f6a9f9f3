/* A refresh token is spent with the first answer (contract 7). Whatever dies, is cut or is full: no token is used before the one behind it
 * is on the disk, the file is whole, and a person is needed only where Close answered and the answer reached no disk. */
#include "support/inner.h"
#include "support/running.h"
#include "support/tokens.h"

#include <criterion/criterion.h>
#include <json-c/json.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TOKEN_RULE "{\"match\": {\"path\": \"/oauth2/token/\"%s}, %s}"

static struct story *due_story(void) {
  struct story *story = story_create_generated(1, 3, 1);
  tokens_use_oauth(story, 1, 3600);
  story_expect_exit(story, 0, "migrate", NULL);
  return story;
}

/* A token that has to be renewed before anything is asked; nothing of an attempt before is left. */
static void make_due(struct story *story, int number) {
  unlink(story_format(story, "%s.new", tokens_path(story, 1)));
  tokens_write(story, 1, story_format(story, "at_due_%d", number), story_format(story, "rt_due_%d", number), 3700,
               3600);
}

static void answer(struct story *story, const char *match, const char *what) {
  story_replies(story, story_format(story, "[" TOKEN_RULE "]", match, what));
}

static void await_held(struct story *story) {
  for (int wait = 0; strstr(story_ask_sim(story, "GET", "held", NULL), " 0}") != NULL; wait++)
    if (wait < 4000)
      running_sleep(2);
    else
      story_fail(story, "Close is not asked for the next token");
}

static const char *refresh_in(struct story *story, const char *path) {
  struct json_object *file = json_object_from_file(path);
  const char *value = json_object_get_string(json_object_object_get(file, "refresh_token"));
  const char *copy = story_format(story, "%s", value ? value : "");
  json_object_put(file);
  return copy;
}

/* Whether the newest refresh token that Close gave is on the disk, in its place or beside it. */
static bool is_saved(struct story *story) {
  const char *newest = tokens_tell(story, 1, "refresh_token");
  return strcmp(tokens_on_disk(story, 1), newest) == 0 ||
         strcmp(refresh_in(story, story_format(story, "%s.new", tokens_path(story, 1))), newest) == 0;
}

static void expect_renewed(struct story *story) {
  story_expect_exit(story, 0, "sync", NULL);
  cr_assert_str_eq(tokens_on_disk(story, 1), tokens_tell(story, 1, "refresh_token"));
  tokens_expect(story, 1, "violations", "0");
}

/* What a killed process left: whole, and enough, unless what Close answered is on no disk. */
static void expect_sound(struct story *story) {
  cr_assert_str_neq(tokens_on_disk(story, 1), "", "the token file is no JSON");
  bool saved = is_saved(story);
  story_replies(story, "[]");
  const struct run *run = story_run(story, "sync", NULL);
  tokens_expect(story, 1, "violations", "0");
  if (run->exit_status == 0)
    return;
  cr_assert_not(saved, "the newest refresh token is on the disk, and yet: %s", run->err);
  story_expect_stderr(story, run, "run `closesyncd authorize org1`");
}

/* Killed while the answer is made, on its way, written: at random times, many times; ever later until Close has answered once. */
Test(oauth_crash, killed_at_any_time) {
  enum { ROUNDS = 40, ROUNDS_AT_MOST = 120 };
  struct story *story = due_story();
  int renewed = 0, saved = 0, round = 0;
  srand(4711);
  for (int wait_us = 800; round < ROUNDS || (renewed == 0 && round < ROUNDS_AT_MOST); round++) {
    story_note(story, story_format(story, "round %d", round));
    make_due(story, round);
    answer(story, "", "\"hold\": \"arrived\"");
    const struct run *run = story_start(story, "sync", NULL);
    await_held(story);
    story_ask_sim(story, "POST", "release", NULL);
    usleep((useconds_t)(rand() % wait_us));
    story_signal(story, run, SIGKILL);
    story_wait(story, run, 10000);
    renewed += strncmp(tokens_tell(story, 1, "refresh_token"), "rt_orga", 7) == 0;
    saved += strncmp(tokens_on_disk(story, 1), "rt_orga", 7) == 0;
    if (renewed == 0)
      wait_us += wait_us / 16;
    expect_sound(story);
  }
  fprintf(stderr, "of %d killed, Close had answered %d, and %d of these were on the disk\n", round, renewed, saved);
  cr_assert_gt(renewed, 0, "Close answered none of them");
  story_destroy(story);
}

/* Before Close has made the answer nothing is spent; behind it, one person is needed, unless Close forgives. */
Test(oauth_crash, killed_before_and_behind_the_answer) {
  static const struct {
    const char *hold;
    const char *forgive;
    bool costs;
  } rows[] = {{"arrived", "false", false}, {"answered", "true", false}, {"answered", "false", true}};
  struct story *story = due_story();
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    make_due(story, (int)i);
    tokens_set(story, 1, story_format(story, "{\"forgive\": %s}", rows[i].forgive));
    answer(story, "", story_format(story, "\"hold\": \"%s\"", rows[i].hold));
    const struct run *run = story_start(story, "sync", NULL);
    await_held(story);
    story_signal(story, run, SIGKILL);
    story_wait(story, run, 10000);
    story_replies(story, "[]");
    cr_assert_str_eq(tokens_on_disk(story, 1), story_format(story, "rt_due_%d", (int)i));
    if (!rows[i].costs) {
      expect_renewed(story);
    } else {
      run = story_expect_exit(story, 1, "sync", NULL);
      story_expect_stderr(story, run, "run `closesyncd authorize org1`");
    }
    story_ask_sim(story, "POST", "release", NULL);
    for (int wait = 0; story_request_count(story, "oauth2") < 2 * ((long)i + 1);
         wait++) /* what was held is over, too */
      if (wait < 4000)
        running_sleep(2);
      else
        story_fail(story, "Close never answered what was held");
  }
  story_destroy(story);
}

/* Who waits for the lock of one that is killed goes on by itself. */
Test(oauth_crash, another_process_goes_on) {
  struct story *story = due_story();
  make_due(story, 1);
  answer(story, ", \"nth\": 1", "\"hold\": \"arrived\"");
  const struct run *first = story_start(story, "plan", NULL);
  await_held(story);
  const struct run *second = story_start(story, "plan", NULL);
  running_sleep(300);
  cr_assert_not(story_ended(story, second));
  story_signal(story, first, SIGKILL);
  story_wait(story, first, 10000);
  story_wait(story, second, 20000);
  cr_assert_eq(second->exit_status, 2, "%s", second->err);
  tokens_expect(story, 1, "refreshes", "1");
  tokens_expect(story, 1, "violations", "0");
  story_replies(story, "[]");
  story_destroy(story);
}

/* ctest takes samples of what CLOSESYNCD_FAULT_ALL tries wholly. */
static int step(int of_a_sample) { return getenv("CLOSESYNCD_FAULT_ALL") != NULL ? 1 : of_a_sample; }

/* The head of the answer is cut: Close gave nothing, or nobody knows; asked once more with the same token. */
Test(oauth_crash, the_head_of_the_answer_is_cut) {
  static const char head[] = "HTTP/1.1 200 OK\\r\\nContent-Type: application/json\\r\\nContent-Length: 300\\r\\n\\r\\n";
  struct story *story = due_story();
  for (int length = 0; length < (int)sizeof head - 1; length += step(9)) {
    int whole = length > 0 && head[length - 1] == '\\' ? length - 1 : length; /* no half escape */
    make_due(story, length);
    answer(story, ", \"nth\": 1", story_format(story, "\"raw\": true, \"body\": \"%.*s\"", whole, head));
    expect_renewed(story);
  }
  story_destroy(story);
}

/* Its body, of unknown length, is cut: then Close is asked twice, and may forgive that the token is spent, or may not. Whether that lost it. */
static bool cut_the_body(struct story *story, int length, bool forgives) {
  make_due(story, 2 * length + forgives);
  story_forget_requests(story);
  tokens_set(story, 1, forgives ? "{\"forgive\": true}" : "{\"forgive\": false}");
  answer(story, ", \"nth\": 1", story_format(story, "\"cut_after\": %d", length));
  const struct run *run = story_run(story, "sync", NULL);
  tokens_expect(story, 1, "violations", "0");
  long asked = story_request_count(story, "/oauth2/token/");
  bool is_lost = asked == 2 && !forgives;
  cr_assert(asked == 1 || asked == 2, "cut after %d: asked %ld times", length, asked);
  cr_assert_eq(run->exit_status, is_lost ? 1 : 0, "cut after %d, asked %ld times: %s", length, asked, run->err);
  if (is_lost) {
    story_expect_stderr(story, run, "lost");
    story_expect_stderr(story, run, "run `closesyncd authorize org1`");
  } else {
    cr_assert_str_eq(tokens_on_disk(story, 1), tokens_tell(story, 1, "refresh_token"));
  }
  return is_lost;
}

Test(oauth_crash, the_body_of_the_answer_is_cut) {
  struct story *story = due_story();
  int lost = 0, whole = 0;
  for (int length = 0; length < 240; length += step(24)) {
    cut_the_body(story, length, true);
    *(cut_the_body(story, length, false) ? &lost : &whole) += 1;
  }
  cr_assert_gt(lost, 0, "no answer was lost");
  cr_assert_gt(whole, 0, "no answer was whole");
  story_destroy(story);
}

/* A stop waits for the answer under way, and keeps it. */
Test(oauth_crash, a_stop_waits_for_the_answer) {
  struct story *story = due_story();
  make_due(story, 1);
  answer(story, "", "\"delay_ms\": 1500");
  const struct run *run = running_start(story, "100ms");
  for (int wait = 0; wait < 1000 && story_request_count(story, "/oauth2/token/") == 0; wait++)
    running_sleep(5);
  running_stop(story, run);
  tokens_expect(story, 1, "refreshes", "1");
  cr_assert_str_eq(tokens_on_disk(story, 1), "rt_orga_story1_1");
  story_replies(story, "[]");
  expect_renewed(story);
  story_destroy(story);
}

/* A full disk: nothing is asked; the present token serves while it lives, and what is wrong is told. Room again: renewed. */
Test(oauth_crash, a_full_disk_asks_nothing) {
  struct story *story = due_story();
  const char *folder = story_format(story, "%s/tokens", story_directory(story));
  if (geteuid() != 0 ||
      system(story_format(story, "mount -t tmpfs -o size=32k closesyncd '%s' 2>/dev/null", folder)) != 0)
    cr_skip_test("mounts are not allowed here");
  tokens_write(story, 1, "at_lives", "rt_lives", 3400, 3600);
  const struct run *lives = story_run(story, "sync", NULL);
  tokens_write(story, 1, "at_over", "rt_over", 3700, 3600);
  const struct run *over = story_run(story, "sync", NULL);
  long asked = story_request_count(story, "/oauth2/token/");
  const char *kept = tokens_on_disk(story, 1);
  bool roomy = system(story_format(story, "mount -o remount,size=1m '%s'", folder)) == 0;
  const struct run *renewed = story_run(story, "sync", NULL);
  const char *fresh = tokens_on_disk(story, 1);
  cr_assert_eq(system(story_format(story, "umount '%s'", folder)), 0);
  cr_assert_eq(lives->exit_status, 0, "%s", lives->err);
  story_expect_stderr(story, lives, "could not renew the OAuth token, the present one serves while it lives");
  story_expect_stderr(story, lives, "No space left on device");
  cr_assert_eq(over->exit_status, 1, "%s", over->err);
  story_expect_stderr(story, over, "No space left on device");
  cr_assert_eq(asked, 0);
  cr_assert_str_eq(kept, "rt_over");
  cr_assert(roomy && renewed->exit_status == 0, "%s", renewed->err);
  cr_assert_str_eq(fresh, "rt_orga_story1_1");
  story_destroy(story);
}
