#pragma once
/* The queue between due and under way: when a job is due, and how many sweeps go on at once. The dead do not starve the living:
 * organizations whose last try timed out have a list and a share of their own, and those that wait for a rate limit take nobody's place. */
#include "schedule/database_monitor.h"
#include "schedule/job.h"

struct queue_options {
  const struct sweep_context *shared;              /* loop, log and random of the process */
  const struct database_monitor *database_monitor; /* nothing begins while the database is away */
  void (*start)(struct job *job);                  /* begins the job's sweep; the job already counts as under way */
};

struct queue *queue_create(const struct queue_options *options);
void queue_destroy(struct queue *queue); /* no job may be in it; NULL is allowed */
/* Its width and its rate limits from now on; borrowed. */
void queue_use(struct queue *queue, const struct generation *generation);
void queue_stop(struct queue *queue);               /* nothing begins any more */
void queue_pause(struct queue *queue, bool paused); /* nothing begins meanwhile */

void queue_enter(struct queue *queue, struct job *job); /* once, before all that follows */
void queue_plan(struct job *job, int64_t at_ms);        /* due then */
void queue_push(struct job *job);                       /* due now */
void queue_withdraw(struct job *job);                   /* not due any more */
void queue_ended(struct job *job);                      /* its sweep has ended: somebody else may begin */
void queue_pump(struct queue *queue);                   /* begin what may begin */

int64_t queue_now_ms(const struct job *job);
/* Who is under way, one after the other; NULL before the first and after the last. */
struct job *queue_next_running(const struct queue *queue, const struct job *job);
