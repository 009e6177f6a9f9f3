#pragma once
/* A reply of a stage that is made in slices. */
#include "io/serve.h"
#include <stdlib.h>
#include <string.h>

struct stage_slices {
  struct loop *loop;
  int wait_ms, dropped;
};

/* A thousand slices of a thousand bytes, of which the tenth waits for a timer. */
struct stage_work {
  struct stage_slices *told;
  struct serve_reply *reply;
  struct timer *timer;
  int slices;
};

static inline void stage_on_timer(void *context) {
  const struct stage_work *work = context;
  serve_go_on(work->reply);
}

static inline void stage_drop(void *context) {
  struct stage_work *work = context;
  timer_close(work->timer);
  work->told->dropped++;
  free(work);
}

static inline enum serve_progress stage_more(void *context, struct serve_reply *reply) {
  struct stage_work *work = context;
  char slice[1000];
  memset(slice, 'a' + work->slices / 100, sizeof slice);
  buffer_append(&reply->body, slice, sizeof slice);
  if (++work->slices != 10)
    return work->slices < 1000 ? SERVE_MORE : SERVE_WHOLE;
  timer_start(work->timer, work->told->wait_ms);
  return SERVE_WAITS;
}

static inline void stage_begin_slices(struct stage_slices *told, struct serve_reply *reply) {
  struct stage_work *work = calloc(1, sizeof *work);
  *work = (struct stage_work){told, reply, timer_open(told->loop, stage_on_timer, work), 0};
  reply->more = stage_more;
  reply->drop = stage_drop;
  reply->work = work;
}
