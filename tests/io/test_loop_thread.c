/* Errands: work on a thread of its own, whose end comes to the loop once, or not at all. */
#include "io/loop.h"
#include <criterion/criterion.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

struct counts {
  atomic_int done, released;
};

struct work {
  pthread_t runner;
  int pause_us, run;
  struct counts *counts;
};

static void on_run(void *context) {
  struct work *work = context;
  usleep((useconds_t)work->pause_us);
  work->runner = pthread_self();
  work->run++;
}

static void on_done(void *context) {
  struct work *work = context;
  work->counts->done++;
  cr_assert_eq(work->run, 1);
  cr_assert_not(pthread_equal(work->runner, pthread_self()));
}

static void on_release(void *context) {
  struct work *work = context;
  work->counts->released++;
  free(work);
}

static const struct errand_kind kind = {on_run, on_done, on_release};

static struct errand *start(struct loop *loop, struct counts *counts, int pause_us) {
  struct work *work = calloc(1, sizeof *work);
  work->pause_us = pause_us;
  work->counts = counts;
  return errand_start(loop, &kind, work);
}

static void await_release(const struct counts *counts, int count) {
  for (int i = 0; counts->released < count && i < 5000; i++)
    usleep(1000);
  cr_assert_eq(counts->released, count);
}

Test(loop_thread, an_errand_is_run_elsewhere_and_ends_in_the_loop) {
  struct loop *loop = loop_create();
  struct counts counts = {0};
  for (int i = 0; i < 10; i++)
    start(loop, &counts, 1000 * i);
  cr_assert_eq(counts.done, 0, "a completion came from inside the call");
  loop_run(loop);
  cr_assert(loop_destroy(loop));
  cr_assert_eq(counts.done, 10);
  await_release(&counts, 10); /* the thread may be the last to leave */
}

Test(loop_thread, an_abandoned_errand_holds_nobody_up) {
  struct loop *loop = loop_create();
  struct counts counts = {0};
  for (int i = 0; i < 50; i++) /* before, in, or after the work */
    errand_abandon((usleep((useconds_t)i * 10), start(loop, &counts, i * 5)));
  errand_abandon(start(loop, &counts, 200 * 1000));
  errand_abandon(NULL);
  loop_run(loop);
  cr_assert(loop_destroy(loop));
  cr_assert_lt(counts.released, 51, "the slow one still works");
  await_release(&counts, 51);
  cr_assert_eq(counts.done, 0);
}
