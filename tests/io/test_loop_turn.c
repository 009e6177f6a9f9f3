/* No turn is long: what is due waits its turn when there is too much of it, in order, and what is hurried does not wait. */
#include "io/loop.h"
#include <criterion/criterion.h>
#include <fcntl.h>
#include <time.h>
#include <unistd.h>

enum { EACH_MS = 10, MANY = 12 };

struct crowd {
  struct loop *loop;
  struct timer *timers[MANY];
  struct watcher *watchers[MANY];
  int fds[MANY][2], count, hurried_after, turns;
  int order[MANY];
  struct timer *other;
};

struct member {
  struct crowd *crowd;
  int number;
};

static int64_t cpu_ms(void) {
  struct timespec spent;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &spent);
  return (int64_t)spent.tv_sec * 1000 + spent.tv_nsec / 1000000;
}

static void work(void) {
  for (int64_t end = cpu_ms() + EACH_MS; cpu_ms() < end;)
    continue;
}

static void on_timer(void *context) {
  struct member *member = context;
  struct crowd *crowd = member->crowd;
  work();
  crowd->order[crowd->count++] = member->number;
  timer_close(crowd->timers[member->number]);
}

static void expect_turns(int delay_ms) {
  struct crowd crowd = {.loop = loop_create()};
  struct member members[MANY];
  for (int i = 0; i < MANY; i++) {
    members[i] = (struct member){&crowd, i};
    crowd.timers[i] = timer_open(crowd.loop, on_timer, &members[i]);
    timer_start(crowd.timers[i], delay_ms);
  }
  loop_run(crowd.loop);
  int64_t longest_us = loop_longest_turn_us(crowd.loop);
  cr_assert_eq(crowd.count, MANY);
  for (int i = 0; i < MANY; i++)
    cr_assert_eq(crowd.order[i], i);
  cr_assert(longest_us >= EACH_MS * 1000 && longest_us < MANY * EACH_MS * 1000 / 2, "%lld us", (long long)longest_us);
  cr_assert_eq(loop_longest_turn_us(crowd.loop), 0, "since the last time");
  cr_assert(loop_destroy(crowd.loop));
}

Test(loop_turn, of_many_timers_at_once) { expect_turns(0); }

Test(loop_turn, of_many_that_are_due_together) { expect_turns(1); }

static void slice(void *context) {
  struct crowd *crowd = context;
  do
    crowd->count++;
  while (crowd->count < 200000000 && loop_has_time(crowd->loop));
  if (++crowd->turns < 3)
    timer_start(crowd->other, 0);
  else
    timer_close(crowd->other);
}

Test(loop_turn, ends_who_asks_for_time) {
  struct crowd crowd = {.loop = loop_create()};
  crowd.other = timer_open(crowd.loop, slice, &crowd);
  timer_start(crowd.other, 0);
  loop_run(crowd.loop);
  cr_assert_eq(crowd.turns, 3);
  cr_assert(crowd.count > 3 && crowd.count < 200000000, "%d slices in 3 turns", crowd.count);
  cr_assert_lt(loop_longest_turn_us(crowd.loop), 60000);
  cr_assert(loop_destroy(crowd.loop));
}

static void on_slice(void *context) {
  struct member *member = context;
  struct crowd *crowd = member->crowd;
  work();
  work();
  crowd->count++;
  if (crowd->turns < MANY)
    timer_continue(crowd->timers[member->number]);
  else
    timer_close(crowd->timers[member->number]);
}

static void on_step(void *context) {
  struct crowd *crowd = context;
  if (++crowd->turns < MANY)
    timer_start(crowd->other, 0);
  else
    timer_close(crowd->other);
  crowd->hurried_after = crowd->count;
}

/* Many long works go on, and somebody waits for one event after the other: each time for a slice or two, not for one of each. */
Test(loop_turn, long_works_come_behind_what_is_due) {
  struct crowd crowd = {.loop = loop_create()};
  struct member members[MANY];
  for (int i = 0; i < MANY; i++) {
    members[i] = (struct member){&crowd, i};
    crowd.timers[i] = timer_open(crowd.loop, on_slice, &members[i]);
    timer_start(crowd.timers[i], 0);
  }
  crowd.other = timer_open(crowd.loop, on_step, &crowd);
  timer_start(crowd.other, 0);
  loop_run(crowd.loop);
  cr_assert_leq(crowd.hurried_after, 3 * MANY, "%d steps waited for %d slices", MANY, crowd.hurried_after);
  cr_assert_geq(crowd.count, 2 * MANY - 1, "the slices went on");
  cr_assert(loop_destroy(crowd.loop));
}

static void end_watcher(struct crowd *crowd, int number) {
  watcher_close(crowd->watchers[number]);
  crowd->watchers[number] = NULL;
  close(crowd->fds[number][0]);
  close(crowd->fds[number][1]);
}

static void on_watcher(void *context, int ready, bool broken) {
  struct member *member = context;
  struct crowd *crowd = member->crowd;
  cr_assert(ready == WATCH_READ && !broken);
  crowd->count++;
  if (member->number == MANY - 1)
    crowd->hurried_after = crowd->count;
  else
    for (int i = 0; i < 2; i++)
      work();
  end_watcher(crowd, member->number);
}

static void watch_all(struct crowd *crowd, struct member *members, watcher_fn *fn) {
  crowd->loop = loop_create();
  for (int i = 0; i < MANY; i++) {
    members[i] = (struct member){crowd, i};
    cr_assert(pipe2(crowd->fds[i], O_NONBLOCK) == 0 && write(crowd->fds[i][1], "x", 1) == 1);
    crowd->watchers[i] = watcher_create(crowd->loop, crowd->fds[i][0], fn, &members[i]);
    watcher_set(crowd->watchers[i], WATCH_READ);
  }
}

Test(loop_turn, of_many_watchers) {
  struct crowd crowd = {0};
  struct member members[MANY];
  watch_all(&crowd, members, on_watcher);
  watcher_hurry(crowd.watchers[MANY - 1]);
  loop_run(crowd.loop);
  cr_assert_eq(crowd.count, MANY);
  cr_assert_leq(crowd.hurried_after, 2, "it waited for %d others", crowd.hurried_after - 1);
  cr_assert_lt(loop_longest_turn_us(crowd.loop), MANY * EACH_MS * 1000);
  cr_assert(loop_destroy(crowd.loop));
}

/* The first one takes the turn's time, so that the others are put off; the second one ends half of them and pauses the rest. */
static void on_ender(void *context, int ready, bool broken) {
  struct member *member = context;
  struct crowd *crowd = member->crowd;
  (void)ready, (void)broken;
  work();
  work();
  if (++crowd->count == 1)
    end_watcher(crowd, member->number);
  for (int i = 0; crowd->count == 2 && i < MANY; i++)
    if (crowd->watchers[i] != NULL && i % 2 == 0)
      end_watcher(crowd, i);
    else if (crowd->watchers[i] != NULL)
      watcher_set(crowd->watchers[i], 0);
}

Test(loop_turn, who_was_put_off_and_ended_is_silent) {
  struct crowd crowd = {0};
  struct member members[MANY];
  watch_all(&crowd, members, on_ender);
  loop_run(crowd.loop);
  cr_assert_eq(crowd.count, 2);
  for (int i = 0; i < MANY; i++)
    if (crowd.watchers[i] != NULL)
      end_watcher(&crowd, i);
  cr_assert(loop_destroy(crowd.loop));
}
