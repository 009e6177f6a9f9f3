/* The loop's contract: callbacks never from inside, never after close, and an empty loop at the end. */
#include "io/loop.h"
#include <criterion/criterion.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct seen {
  struct loop *loop;
  struct timer *timer, *other;
  struct watcher *watcher;
  struct signal_watcher *signals;
  struct resolver *resolver;
  int count, ready, number, addresses, fd;
  bool broken;
  char text[64];
};

static void finish(struct seen *seen) {
  loop_run(seen->loop);
  cr_assert(loop_destroy(seen->loop), "a handle was left open");
}

static void on_tick(void *context) {
  struct seen *seen = context;
  if (++seen->count < 3)
    timer_start(seen->timer, 0);
  else
    timer_close(seen->timer);
}

Test(loop, timer_restarts_and_closes_itself) {
  struct seen seen = {.loop = loop_create()};
  seen.timer = timer_open(seen.loop, on_tick, &seen);
  timer_start(seen.timer, 0);
  cr_assert_eq(seen.count, 0, "from inside the call");
  loop_run(seen.loop);
  cr_assert_eq(seen.count, 3);
  finish(&seen);
}

static void count(void *context) {
  struct seen *seen = context;
  seen->count++;
}

Test(loop, stopped_and_closed_timers_are_silent) {
  struct seen seen = {.loop = loop_create()};
  for (int delay = 0; delay <= 1; delay++) {
    seen.timer = timer_open(seen.loop, count, &seen);
    seen.other = timer_open(seen.loop, count, &seen);
    timer_start(seen.timer, delay);
    timer_start(seen.other, delay);
    timer_stop(seen.timer);
    timer_close(seen.other);
    timer_close(NULL);
    loop_run(seen.loop);
    cr_assert_eq(seen.count, 0);
    timer_close(seen.timer);
  }
  finish(&seen);
}

struct runner {
  struct seen *seen;
  struct timer *timer;
  char name;
};

static void run_named(void *context) {
  struct runner *runner = context;
  struct seen *seen = runner->seen;
  seen->text[seen->count++] = runner->name;
  if (runner->name == 'b')
    timer_stop(seen->timer); /* of a timer that is due in this very turn */
  if (seen->count == 1)
    timer_start(runner->timer, 0);
}

Test(loop, timers_of_0_run_in_the_order_of_their_starts) {
  struct seen seen = {.loop = loop_create()};
  struct runner runners[4];
  for (int i = 0; i < 4; i++)
    runners[i] = (struct runner){&seen, timer_open(seen.loop, run_named, &runners[i]), (char)('a' + i)};
  for (int i = 0; i < 4; i++)
    timer_start(runners[i].timer, 0);
  seen.timer = runners[2].timer;
  loop_run(seen.loop);
  cr_assert_str_eq(seen.text, "abda");
  for (int i = 0; i < 4; i++)
    timer_close(runners[i].timer);
  finish(&seen);
}

Test(loop, running_timer_is_moved) {
  struct seen seen = {.loop = loop_create()};
  seen.timer = timer_open(seen.loop, count, &seen);
  int64_t before = loop_now_ms(seen.loop);
  timer_start(seen.timer, 60000);
  timer_start(seen.timer, 0);
  timer_start(seen.timer, 5);
  loop_run(seen.loop);
  cr_assert_eq(seen.count, 1);
  cr_assert_geq(loop_now_ms(seen.loop) - before, 5);
  cr_assert_lt(loop_now_ms(seen.loop) - before, 5000);
  timer_close(seen.timer);
  finish(&seen);
}

Test(loop, open_handle_is_told) {
  struct loop *loop = loop_create();
  struct timer *timer = timer_open(loop, count, NULL);
  cr_assert_not(loop_destroy(loop));
  timer_close(timer);
  cr_assert(loop_destroy(loop));
  cr_assert(loop_destroy(NULL));
}

static void on_ready(void *context, int ready, bool broken) {
  struct seen *seen = context;
  seen->count++;
  seen->ready = ready;
  seen->broken = broken;
  watcher_close(seen->watcher);
  close(seen->fd);
}

static void spin(void *context) {
  struct seen *seen = context;
  if (seen->watcher != NULL)
    timer_start(seen->timer, 0);
}

static void on_fed(void *context, int ready, bool broken) {
  on_ready(context, ready, broken);
  ((struct seen *)context)->watcher = NULL;
}

static void feed(void *context) {
  struct seen *seen = context;
  seen->number = (int)write(seen->number, "x", 1);
}

Test(loop, timer_of_0_starves_neither_timers_nor_sockets, .timeout = 20) {
  struct seen seen = {.loop = loop_create()};
  int pair[2];
  cr_assert_eq(pipe2(pair, O_NONBLOCK), 0);
  seen.fd = pair[0];
  seen.number = pair[1];
  seen.watcher = watcher_create(seen.loop, pair[0], on_fed, &seen);
  watcher_set(seen.watcher, WATCH_READ);
  seen.timer = timer_open(seen.loop, spin, &seen);
  seen.other = timer_open(seen.loop, feed, &seen);
  timer_start(seen.timer, 0);
  timer_start(seen.other, 5);
  loop_run(seen.loop);
  cr_assert_eq(seen.number, 1);
  cr_assert_eq(seen.count, 1);
  timer_close(seen.timer);
  timer_close(seen.other);
  close(pair[1]);
  finish(&seen);
}

Test(loop, watcher_sees_reading_and_writing) {
  static const struct {
    int events;
    bool fed;
    int ready;
  } rows[] = {{WATCH_READ, true, WATCH_READ},
              {WATCH_WRITE, false, WATCH_WRITE},
              {WATCH_READ | WATCH_WRITE, true, WATCH_READ | WATCH_WRITE}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    struct seen seen = {.loop = loop_create()};
    int pair[2];
    cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
    if (rows[i].fed)
      cr_assert_eq(write(pair[1], "x", 1), 1);
    seen.fd = pair[0];
    seen.watcher = watcher_create(seen.loop, pair[0], on_ready, &seen);
    watcher_set(seen.watcher, rows[i].events);
    cr_assert_eq(seen.count, 0);
    finish(&seen);
    cr_assert_eq(seen.count, 1);
    cr_assert_eq(seen.ready, rows[i].ready);
    close(pair[1]);
  }
}

static void on_broken(void *context, int ready, bool broken) {
  struct seen *seen = context;
  if (seen->count == 0) {
    seen->count++;
    watcher_set(seen->watcher, WATCH_WRITE);
  } else {
    on_ready(context, ready, broken);
  }
}

Test(loop, a_broken_watcher_can_be_set_again, .timeout = 20) {
  struct seen seen = {.loop = loop_create()};
  int pair[2];
  cr_assert_eq(pipe2(pair, O_NONBLOCK), 0);
  close(pair[0]);
  seen.fd = pair[1];
  seen.watcher = watcher_create(seen.loop, pair[1], on_broken, &seen);
  watcher_set(seen.watcher, WATCH_WRITE);
  finish(&seen);
  cr_assert(seen.broken);
  cr_assert_eq(seen.count, 2);
}

Test(loop, paused_and_closed_watchers_are_silent) {
  struct seen seen = {.loop = loop_create()};
  int pair[2];
  cr_assert_eq(pipe2(pair, O_NONBLOCK), 0);
  cr_assert_eq(write(pair[1], "x", 1), 1);
  seen.watcher = watcher_create(seen.loop, pair[0], on_ready, &seen);
  watcher_set(seen.watcher, WATCH_READ);
  watcher_set(seen.watcher, 0);
  loop_run(seen.loop);
  watcher_set(seen.watcher, WATCH_READ);
  watcher_close(seen.watcher);
  close(pair[0]);
  int again = dup(pair[1]); /* most likely the same number */
  struct watcher *second = watcher_create(seen.loop, again, on_ready, &seen);
  cr_assert_not_null(second, "a closed watcher must not stand in the way of its number");
  watcher_close(second);
  finish(&seen);
  cr_assert_eq(seen.count, 0);
  close(again);
  close(pair[1]);
}

Test(loop, plain_file_cannot_be_watched) {
  struct seen seen = {.loop = loop_create()};
  int fd = open("/proc/self/exe", O_RDONLY);
  cr_assert_null(watcher_create(seen.loop, fd, on_ready, &seen));
  watcher_close(NULL);
  close(fd);
  finish(&seen);
}

static void on_signal(void *context, int number) {
  struct seen *seen = context;
  seen->number = number;
  signal_close(seen->signals);
}

Test(loop, signal_arrives) {
  struct seen seen = {.loop = loop_create()};
  seen.signals = signal_watch(seen.loop, SIGHUP, on_signal, &seen);
  raise(SIGHUP);
  finish(&seen);
  cr_assert_eq(seen.number, SIGHUP);
  signal_close(NULL);
}

static void on_resolved(void *context, int count, const char *const *addresses, const char *reason) {
  struct seen *seen = context;
  seen->count++;
  seen->addresses = count;
  strncpy(seen->text, count > 0 ? addresses[0] : reason, sizeof seen->text - 1);
}

Test(loop, resolver_finds_addresses) {
  static const struct { const char *host, *address; } rows[] = {{"127.0.0.9", "127.0.0.9"}, {"::1", "::1"}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    struct seen seen = {.loop = loop_create()};
    seen.resolver = resolver_start(seen.loop, rows[i].host, on_resolved, &seen);
    cr_assert_eq(seen.count, 0);
    finish(&seen);
    cr_assert_eq(seen.count, 1);
    cr_assert_eq(seen.addresses, 1);
    cr_assert_str_eq(seen.text, rows[i].address);
  }
}

Test(loop, resolver_says_why_not) {
  struct seen seen = {.loop = loop_create()};
  seen.resolver = resolver_start(seen.loop, "no such host.invalid", on_resolved, &seen);
  finish(&seen);
  cr_assert_eq(seen.addresses, 0);
  cr_assert_gt(strlen(seen.text), 3);
}

Test(loop, cancelled_lookup_is_silent_and_holds_nobody_up) {
  for (int i = 0; i < 50; i++) { /* the thread may be before, in, or after the lookup */
    struct seen seen = {.loop = loop_create()};
    seen.resolver = resolver_start(seen.loop, "localhost", on_resolved, &seen);
    usleep((useconds_t)i * 20);
    resolver_cancel(seen.resolver);
    resolver_cancel(NULL);
    finish(&seen);
    cr_assert_eq(seen.count, 0);
  }
}
