/* The event loop on libuv. What is opened lives on the heap and is freed by its handle's close callback, so closing from inside a
 * callback is always allowed. */
#include "io/loop.h"
#include "base/memory.h"
#include "io/loop_thread.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

/* libuv runs due timers until none is left, so one that restarts itself with 0 would starve the sockets. Those of 0 wait in a
 * queue of their own; an idle handle is run once per turn, and makes the turn not wait. */
struct loop {
  uv_loop_t uv;
  uv_idle_t turn;
  struct timer *first, *last; /* to be run in the next turn, in the order of their starts */
  size_t queued;
};

struct timer {
  uv_timer_t uv;
  struct loop *loop;
  bool is_queued;
  struct timer *before, *after; /* in the queue */
  timer_fn *fn;
  void *context;
};

struct watcher {
  uv_poll_t uv;
  int events; /* libuv's, watched now */
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

struct loop *loop_create(void) {
  struct loop *loop = memory_allocate(sizeof *loop);
  loop_require(uv_loop_init(&loop->uv), "create the event loop");
  loop_require(uv_idle_init(&loop->uv, &loop->turn), "create the event loop");
  loop->turn.data = loop;
  return loop;
}

void loop_run(struct loop *loop) { uv_run(&loop->uv, UV_RUN_DEFAULT); }

bool loop_destroy(struct loop *loop) {
  if (loop == NULL)
    return true;
  if (!uv_is_closing((uv_handle_t *)&loop->turn))
    uv_close((uv_handle_t *)&loop->turn, NULL);
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

static void on_timer(uv_timer_t *uv) {
  struct timer *timer = uv->data;
  timer->fn(timer->context);
}

static void enqueue(struct timer *timer) {
  struct loop *loop = timer->loop;
  timer->is_queued = true;
  timer->before = loop->last;
  timer->after = NULL;
  *(loop->last == NULL ? &loop->first : &loop->last->after) = timer;
  loop->last = timer;
  loop->queued++;
}

static void dequeue(struct timer *timer) {
  struct loop *loop = timer->loop;
  if (!timer->is_queued)
    return;
  timer->is_queued = false;
  *(timer->before == NULL ? &loop->first : &timer->before->after) = timer->after;
  *(timer->after == NULL ? &loop->last : &timer->after->before) = timer->before;
  loop->queued--;
}

static void on_turn(uv_idle_t *uv) {
  struct loop *loop = uv->data;
  for (size_t left = loop->queued; left > 0 && loop->first != NULL; left--) {
    struct timer *timer = loop->first;
    dequeue(timer);
    timer->fn(timer->context);
  }
  if (loop->first == NULL)
    uv_idle_stop(uv);
}

struct timer *timer_open(struct loop *loop, timer_fn *fn, void *context) {
  struct timer *timer = memory_allocate(sizeof *timer);
  timer->loop = loop;
  timer->fn = fn;
  timer->context = context;
  loop_require(uv_timer_init(&loop->uv, &timer->uv), "create a timer");
  timer->uv.data = timer;
  return timer;
}

void timer_start(struct timer *timer, int64_t delay_ms) {
  loop_require(uv_is_closing((uv_handle_t *)&timer->uv) ? UV_EINVAL : 0, "start a closed timer");
  timer_stop(timer);
  if (delay_ms <= 0) {
    enqueue(timer);
    loop_require(uv_idle_start(&timer->loop->turn, on_turn), "start a timer");
    return;
  }
  uv_update_time(timer->uv.loop);
  loop_require(uv_timer_start(&timer->uv, on_timer, (uint64_t)delay_ms, 0), "start a timer");
}

void timer_stop(struct timer *timer) {
  uv_timer_stop(&timer->uv);
  dequeue(timer);
}

void timer_close(struct timer *timer) {
  if (timer == NULL)
    return;
  timer_stop(timer);
  uv_close((uv_handle_t *)&timer->uv, free_handle);
}

static void on_poll(uv_poll_t *uv, int status, int events) {
  struct watcher *watcher = uv->data;
  int ready = ((events & UV_READABLE) != 0 ? WATCH_READ : 0) | ((events & UV_WRITABLE) != 0 ? WATCH_WRITE : 0);
  if (status < 0)
    watcher->events = 0; /* libuv has stopped it */
  watcher->fn(watcher->context, ready, status < 0);
}

struct watcher *watcher_create(struct loop *loop, int fd, watcher_fn *fn, void *context) {
  struct watcher *watcher = memory_allocate(sizeof *watcher);
  watcher->fn = fn;
  watcher->context = context;
  if (uv_poll_init(&loop->uv, &watcher->uv, fd) != 0) {
    free(watcher);
    return NULL;
  }
  watcher->uv.data = watcher;
  return watcher;
}

void watcher_set(struct watcher *watcher, int events) {
  int wanted = ((events & WATCH_READ) != 0 ? UV_READABLE : 0) | ((events & WATCH_WRITE) != 0 ? UV_WRITABLE : 0);
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
