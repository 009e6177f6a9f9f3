#pragma once
/* One organization's place in the daemon: when it is due, what it remembers and owes, how it is. Bookkeeping only; the scheduler acts. */
#include "base/log_throttle.h"
#include "monitor/health.h"
#include "schedule/pace.h"
#include "store/write_behind.h"
#include "sweep/sweep.h"

struct scheduler;

struct era { /* the tools of one configuration; they live until their last sweep has ended */
  struct tools tools;
  int sweeps;    /* under way */
  bool over;     /* another configuration is in force */
  bool was_open; /* when it was over, its database answered */
};

struct post {
  struct scheduler *scheduler;
  const struct config_organization *organization; /* of the configuration in force; NULL: dropped from it */
  struct era *era;                                /* of the sweep under way */
  struct sweep *sweep;                            /* under way, or NULL */
  struct timer *timer;
  struct post *next, *previous; /* in the queue of what is due, or in the list of what is under way */
  bool queued, slow, attempted;
  int timeouts;     /* as the last sweep left them: over 0, the next one is slow */
  bool kept;        /* by the configuration that is being adopted */
  bool troubled;    /* the database refused something in the last sweep */
  bool held;        /* counted among those that wait for a rate limit */
  bool asked;       /* somebody wants a sweep beside the schedule */
  int64_t asked_ms; /* when the last such sweep began */
  struct ledger ledger;
  struct pace pace;
  struct outage outage;
  struct outage skipped; /* turns, while another process sweeps */
  struct health_organization health;
  char *name, *organization_id, *error; /* the last two may be NULL */
};

struct post_list { /* a post is in one at a time */
  struct post *first, *last;
  int count;
};
void post_list_push(struct post_list *list, struct post *post);
void post_list_remove(struct post_list *list, struct post *post);

struct post *post_create(struct scheduler *scheduler, const struct config_organization *organization, int64_t now_ms);
void post_destroy(struct post *post); /* no sweep may be under way */

/* A sweep has ended: health, outage, log. Returns how it ended for the pace. */
enum pace_ending post_take(struct post *post, struct log *log, struct health *health, const struct report *report,
                           const struct exchange_traffic *traffic);
