/* The event loop on libuv. What is opened lives on the heap and is freed by its handle's close callback, so closing from inside a
 * callback is always allowed. */
#include "io/loop.h"
#include "base/memory.h"
#include "io/loop_thread.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <time.h>
#include <uv.h>

/* No turn of the loop is long. What is due is put into one queue, first come, first served, and the queue is worked off while the turn
 * has time; what is left waits for the next turn, which does not wait for anything. Work that is long by itself asks loop_has_time()
 * between its slices and comes back with timer_continue(). So a thousand due timers, or one page of a hundred megabytes, hold up nobody.
 *
 * What goes on has a queue of its own, and comes behind what is due: whoever waits for one event after the other would else wait for
 * everybody's slice each time. A turn that had no time for it owes it one slice, which the next turn begins with.
 *
 * A watcher's callback comes at once while the turn has time, and joins the queue when it has none. What is hurried never waits: the few
 * things that must be done in any case, and are short.
 *
 * An idle handle runs the queue once per turn, before libuv looks at the sockets; a turn with an idle handle does not wait. */
enum { TURN_MS = 15 }; /* what a turn may take before it puts off the rest */

struct task { /* a timer that is due, or a watcher that was put off */
  TAILQ_ENTRY(task) link;
  bool queued, hurried, goes_on;
  void (*run)(struct task *task);
};

struct loop {
  uv_loop_t uv;
  uv_idle_t turn;
  uv_prepare_t turned;              /* a turn ends where libuv begins to wait */
  TAILQ_HEAD(tasks, task) tasks[2]; /* [goes_on] */
  size_t queued[2];
  bool owes;                      /* a slice to what goes on */
  uint64_t turn_began_ns;         /* 0: nothing was done yet in this turn */
  int64_t cpu_us, longest_cpu_us; /* of this thread, when the last turn ended; of the longest turn */
};

struct timer {
  struct task task; /* first: a task leads back here */
  uv_timer_t uv;
  struct loop *loop;
  timer_fn *fn;
  void *context;
};

struct watcher {
  struct task task; /* first, too */
  uv_poll_t uv;
  struct loop *loop;
  int events; /* libuv's, watched now */
  int ready;  /* WATCH_*, not told yet */
  bool broken;
  watcher_fn *fn;
  void *context;
};

struct signal_watcher {
  uv_signal_t uv;
  signal_fn *fn;
  void *context;
};

static void free_handle(uv_handle_t *handle) { free(handle->data); }

void loop_require(int status, const char *what) {
  if (status == 0)
    return;
  fprintf(stderr, "could not %s: %s\n", what, uv_strerror(status));
  abort();
}

static int64_t thread_cpu_us(void) {
  struct timespec spent;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &spent);
  return (int64_t)spent.tv_sec * 1000000 + spent.tv_nsec / 1000;
}

static void end_turn(struct loop *loop) {
  int64_t now_us = thread_cpu_us(), spent_us = now_us - loop->cpu_us;
  if (spent_us > loop->longest_cpu_us)
    loop->longest_cpu_us = spent_us;
  loop->cpu_us = now_us;
  loop->turn_began_ns = 0;
}

static void on_turned(uv_prepare_t *uv) { end_turn(uv->data); }

bool loop_has_time(struct loop *loop) {
  uint64_t now_ns = uv_hrtime();
  if (loop->turn_began_ns == 0)
    loop->turn_began_ns = now_ns;
  return now_ns - loop->turn_began_ns < (uint64_t)TURN_MS * 1000000;
}

int64_t loop_longest_turn_us(struct loop *loop) {
  int64_t longest_us = loop->longest_cpu_us;
  loop->longest_cpu_us = 0;
  return longest_us;
}

static void dequeue(struct loop *loop, struct task *task) {
  if (!task->queued)
    return;
  task->queued = false;
  TAILQ_REMOVE(&loop->tasks[task->goes_on], task, link);
  loop->queued[task->goes_on]--;
}

/* What is there now: what is queued meanwhile waits for the next turn. */
static void run_tasks(struct loop *loop, bool goes_on, size_t at_most) {
  size_t left = loop->queued[goes_on] < at_most ? loop->queued[goes_on] : at_most;
  for (bool time = true; time && left > 0 && !TAILQ_EMPTY(&loop->tasks[goes_on]); left--) {
    struct task *task = TAILQ_FIRST(&loop->tasks[goes_on]);
    dequeue(loop, task);
    task->run(task);
    time = loop_has_time(loop);
  }
}

static void on_turn(uv_idle_t *uv) {
  struct loop *loop = uv->data;
  bool owed = loop->owes;
  loop_has_time(loop); /* the turn begins here, if it did not before */
  loop->owes = false;
  if (owed)
    run_tasks(loop, true, 1);
  if (loop_has_time(loop))
    run_tasks(loop, false, SIZE_MAX);
  if (loop_has_time(loop))
    run_tasks(loop, true, SIZE_MAX);
  else
    loop->owes = !owed && loop->queued[true] > 0;
  if (loop->queued[false] + loop->queued[true] == 0)
    uv_idle_stop(uv);
}

static void enqueue(struct loop *loop, struct task *task, bool goes_on) {
  if (task->queued)
    return;
  task->queued = true;
  task->goes_on = goes_on;
  if (task->hurried)
    TAILQ_INSERT_HEAD(&loop->tasks[goes_on], task, link);
  else
    TAILQ_INSERT_TAIL(&loop->tasks[goes_on], task, link);
  loop->queued[goes_on]++;
  loop_require(uv_idle_start(&loop->turn, on_turn), "start a turn of the event loop");
}

struct loop *loop_create(void) {
  struct loop *loop = memory_allocate(sizeof *loop);
  TAILQ_INIT(&loop->tasks[false]);
  TAILQ_INIT(&loop->tasks[true]);
  loop_require(uv_loop_init(&loop->uv), "create the event loop");
  loop_require(uv_idle_init(&loop->uv, &loop->turn), "create the event loop");
  loop_require(uv_prepare_init(&loop->uv, &loop->turned), "create the event loop");
  loop_require(uv_prepare_start(&loop->turned, on_turned), "create the event loop");
  uv_unref((uv_handle_t *)&loop->turned); /* it alone is no reason to go on */
  loop->turn.data = loop->turned.data = loop;
  return loop;
}

void loop_run(struct loop *loop) {
  loop->cpu_us = thread_cpu_us();
  uv_run(&loop->uv, UV_RUN_DEFAULT);
  end_turn(loop);
}

bool loop_destroy(struct loop *loop) {
  if (loop == NULL)
    return true;
  if (!uv_is_closing((uv_handle_t *)&loop->turn)) {
    uv_close((uv_handle_t *)&loop->turn, NULL);
    uv_close((uv_handle_t *)&loop->turned, NULL);
  }
  uv_run(&loop->uv, UV_RUN_NOWAIT); /* the close callbacks of what was closed after loop_run() */
  if (uv_loop_close(&loop->uv) != 0)
    return false;
  free(loop);
  return true;
}

void *loop_handle(struct loop *loop) { return &loop->uv; }

int64_t loop_now_ms(struct loop *loop) {
  uv_update_time(&loop->uv);
  return (int64_t)uv_now(&loop->uv);
}

static void run_timer(struct task *task) { ((struct timer *)task)->fn(((struct timer *)task)->context); }

static void on_timer(uv_timer_t *uv) {
  struct timer *timer = uv->data;
  if (timer->task.hurried)
    run_timer(&timer->task);
  else
    enqueue(timer->loop, &timer->task, false);
}

struct timer *timer_open(struct loop *loop, timer_fn *fn, void *context) {
  struct timer *timer = memory_allocate(sizeof *timer);
  timer->task.run = run_timer;
  timer->loop = loop;
  timer->fn = fn;
  timer->context = context;
  loop_require(uv_timer_init(&loop->uv, &timer->uv), "create a timer");
  timer->uv.data = timer;
  return timer;
}

void timer_hurry(struct timer *timer) { timer->task.hurried = true; }

void timer_start(struct timer *timer, int64_t delay_ms) {
  loop_require(uv_is_closing((uv_handle_t *)&timer->uv) ? UV_EINVAL : 0, "start a closed timer");
  timer_stop(timer);
  if (delay_ms <= 0) {
    enqueue(timer->loop, &timer->task, false);
    return;
  }
  uv_update_time(timer->uv.loop);
  loop_require(uv_timer_start(&timer->uv, on_timer, (uint64_t)delay_ms, 0), "start a timer");
}

void timer_continue(struct timer *timer) {
  timer_stop(timer);
  enqueue(timer->loop, &timer->task, true);
}

void timer_stop(struct timer *timer) {
  uv_timer_stop(&timer->uv);
  dequeue(timer->loop, &timer->task);
}

void timer_close(struct timer *timer) {
  if (timer == NULL)
    return;
  timer_stop(timer);
  uv_close((uv_handle_t *)&timer->uv, free_handle);
}

static void run_watcher(struct task *task) {
  struct watcher *watcher = (struct watcher *)task;
  int ready = watcher->ready;
  bool broken = watcher->broken;
  watcher->ready = 0;
  watcher->broken = false;
  watcher->fn(watcher->context, ready, broken);
}

static void on_poll(uv_poll_t *uv, int status, int events) {
  struct watcher *watcher = uv->data;
  watcher->ready |= ((events & UV_READABLE) != 0 ? WATCH_READ : 0) | ((events & UV_WRITABLE) != 0 ? WATCH_WRITE : 0);
  watcher->broken |= status < 0;
  watcher->events = status < 0 ? 0 : watcher->events; /* libuv has stopped it */
  if (watcher->task.hurried || (!watcher->task.queued && loop_has_time(watcher->loop)))
    run_watcher(&watcher->task);
  else
    enqueue(watcher->loop, &watcher->task, false);
}

struct watcher *watcher_create(struct loop *loop, int fd, watcher_fn *fn, void *context) {
  struct watcher *watcher = memory_allocate(sizeof *watcher);
  watcher->task.run = run_watcher;
  watcher->loop = loop;
  watcher->fn = fn;
  watcher->context = context;
  if (uv_poll_init(&loop->uv, &watcher->uv, fd) != 0) {
    free(watcher);
    return NULL;
  }
  watcher->uv.data = watcher;
  return watcher;
}

void watcher_hurry(struct watcher *watcher) { watcher->task.hurried = true; }

void watcher_set(struct watcher *watcher, int events) {
  int wanted = ((events & WATCH_READ) != 0 ? UV_READABLE : 0) | ((events & WATCH_WRITE) != 0 ? UV_WRITABLE : 0);
  watcher->ready &= events; /* what was seen and put off is told only if it is still asked for */
  if (watcher->ready == 0 && !watcher->broken)
    dequeue(watcher->loop, &watcher->task);
  if (wanted == watcher->events)
    return; /* libuv would take it out of the kernel's list and put it in again */
  watcher->events = wanted;
  if (wanted == 0)
    uv_poll_stop(&watcher->uv);
  else
    loop_require(uv_poll_start(&watcher->uv, wanted, on_poll), "watch a file descriptor");
}

void watcher_close(struct watcher *watcher) {
  if (watcher == NULL)
    return;
  dequeue(watcher->loop, &watcher->task);
  uv_close((uv_handle_t *)&watcher->uv, free_handle);
}

static void on_signal(uv_signal_t *uv, int number) {
  struct signal_watcher *watcher = uv->data;
  watcher->fn(watcher->context, number);
}

struct signal_watcher *signal_watch(struct loop *loop, int number, signal_fn *fn, void *context) {
  struct signal_watcher *watcher = memory_allocate(sizeof *watcher);
  watcher->fn = fn;
  watcher->context = context;
  loop_require(uv_signal_init(&loop->uv, &watcher->uv), "create a signal handle");
  watcher->uv.data = watcher;
  loop_require(uv_signal_start(&watcher->uv, on_signal, number), "watch a signal");
  return watcher;
}

void signal_close(struct signal_watcher *watcher) {
  if (watcher == NULL)
    return;
  uv_close((uv_handle_t *)&watcher->uv, free_handle);
}

const char *loop_library_version(void) { return uv_version_string(); }
