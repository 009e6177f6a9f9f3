#pragma once
/* One organization's place in the daemon: when it is due, what it remembers and owes, how it is. Bookkeeping only; the scheduler acts. */
#include "base/log_throttle.h"
#include "monitor/health.h"
#include "schedule/pace.h"
#include "store/write_behind.h"
#include "sweep/sweep.h"

struct scheduler;

struct era { /* the tools of one configuration; they live until their last sweep has ended */
  struct sweep_context shared;
  int sweeps;    /* under way */
  bool over;     /* another configuration is in force */
  bool was_open; /* when it was over, its database answered */
};

struct job {
  struct scheduler *scheduler;
  const struct config_organization *organization; /* of the configuration in force; NULL: dropped from it */
  struct era *era;                                /* of the sweep under way */
  struct sweep *sweep;                            /* under way, or NULL */
  struct timer *timer;
  struct job *next, *previous; /* in the queue of what is due, or in the list of what is under way */
  bool queued, slow, attempted;
  int timeouts;     /* as the last sweep left them: over 0, the next one is slow */
  bool kept;        /* by the configuration that is being adopted */
  bool troubled;    /* the database refused something in the last sweep */
  bool held;        /* counted among those that wait for a rate limit */
  bool asked;       /* somebody wants a sweep beside the schedule */
  int64_t asked_ms; /* when the last such sweep began */
  struct write_behind write_behind;
  struct pace pace;
  struct log_throttle log_throttle;
  struct log_throttle skipped; /* turns, while another process sweeps */
  struct health_organization health;
  char *name, *organization_id, *error; /* the last two may be NULL */
};

struct job_list { /* a post is in one at a time */
  struct job *first, *last;
  int count;
};
void job_list_push(struct job_list *list, struct job *job);
void job_list_remove(struct job_list *list, struct job *job);

struct job *job_create(struct scheduler *scheduler, const struct config_organization *organization, int64_t now_ms);
void job_destroy(struct job *job); /* no sweep may be under way */

/* A sweep has ended: health, outage, log. Returns how it ended for the pace. */
enum pace_ending job_take(struct job *job, struct log *log, struct health *health, const struct report *report,
                          const struct api_request_traffic *traffic);
