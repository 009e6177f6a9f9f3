#pragma once
/* The event loop (libuv), only io/loop*.c include it: timers, file descriptors, signals, errands on threads, host names.
 *
 * Handles are closed with *_close(): the callback never comes again after that call, the memory is freed by the loop.
 * Callbacks never come from inside the call that started the work. There is no stop: loop_run() returns when nothing is
 * left to wait for, and loop_destroy() proves it. */
#include "base/error.h"
#include <stdbool.h>
#include <stdint.h>

struct loop;
struct timer;
struct watcher;
struct signal_watcher;
struct resolver;

struct loop *loop_create(void);
void loop_run(struct loop *loop);
/* True when every handle was closed (uv_loop_close() == 0) or `loop` is NULL; false is a bug for the caller to log. */
bool loop_destroy(struct loop *loop);
int64_t loop_now_ms(struct loop *loop); /* monotonic, updated on each call */

/* Whether this turn may go on. Work that may be long is done in slices while it says so, at least one of them, and then comes back with
 * timer_continue(). */
bool loop_has_time(struct loop *loop);
/* CPU time of the longest turn since the last call, in microseconds. */
int64_t loop_longest_turn_us(struct loop *loop);

/* Opened, not created: POSIX owns the name timer_create(). */
typedef void timer_fn(void *context);
struct timer *timer_open(struct loop *loop, timer_fn *fn, void *context);
void timer_start(
    struct timer *timer,
    int64_t delay_ms); /* once; a running timer is moved; 0: in the loop's next turn, in the order of the starts */
void timer_continue(struct timer *timer); /* the next slice of long work: behind what is due, but never put off twice */
void timer_stop(struct timer *timer);
void timer_hurry(struct timer *timer); /* its callback never waits for a turn that has time; it must be short */
void timer_close(struct timer *timer); /* NULL is allowed */

enum { WATCH_READ = 1, WATCH_WRITE = 2 };
/* `ready` is a mask of WATCH_*; `broken` says that poll(2) reported an error and the owner's
 * library has the last word; the watcher is then paused until watcher_set(). */
typedef void watcher_fn(void *context, int ready, bool broken);
/* NULL when the fd cannot be polled. */
struct watcher *watcher_create(struct loop *loop, int fd, watcher_fn *fn, void *context);
void watcher_set(struct watcher *watcher, int events); /* 0 pauses */
void watcher_close(struct watcher *watcher);           /* fd may be closed right after */
void watcher_hurry(struct watcher *watcher);           /* as timer_hurry() */

typedef void signal_fn(void *context, int number);
struct signal_watcher *signal_watch(struct loop *loop, int number, signal_fn *fn, void *context);
void signal_close(struct signal_watcher *watcher);

/* Work that may block (files, names), on a thread of its own: `run` is called there and touches nothing but the work. `done` comes once,
 * from the loop; the errand is then gone, and the work is released soon after. Where no thread is to be had, `done` comes with the
 * work as it was. An abandoned errand does not keep the loop alive, however long it takes: whoever is last releases the work. */
struct errand;
typedef void errand_fn(void *work);
struct errand_kind {
  errand_fn *run, *done, *release;
};
struct errand *errand_start(struct loop *loop, const struct errand_kind *kind, void *work);
void errand_abandon(struct errand *errand); /* `done` does not come; NULL is allowed */

/* Numeric addresses of a host, at most 8, in getaddrinfo's order; count 0 when unknown. A cancelled lookup does not
 * keep the loop alive, however long the name server is silent. The resolver is gone when its callback comes. */
typedef void resolver_fn(void *context, int count, const char *const *addresses, const char *reason);
struct resolver *resolver_start(struct loop *loop, const char *host, resolver_fn *fn, void *context);
void resolver_cancel(struct resolver *resolver); /* the callback does not come; NULL is allowed */

const char *loop_library_version(void);
