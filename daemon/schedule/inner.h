#pragma once
/* What the rooms of the scheduler share: the queue (scheduler.c), who takes part (scheduler_roster), what is owed and the end
 * (scheduler_end). Only scheduler*.[ch] include it. */
#include "base/index.h"
#include "schedule/scheduler.h"

struct scheduler {
  struct scheduler_options options;
  struct era *era;
  struct database_monitor *database_monitor;
  struct job **jobs;
  int job_count, attempts_left;
  struct index *names;                /* of those that are configured; NULL: to be made anew */
  struct job **named;                 /* what its numbers mean */
  struct job_list due[2], running[2]; /* [slow] */
  int held[2];                        /* of the running ones: they wait for a rate limit */
  int troubled;                       /* posts whose last sweep the database refused */
  struct health health;
  const struct health_organization **health_list;
  bool told_attempted, database_tried, stopping, flushing, abandoned, asking_heads;
  int flush_at; /* the next post that pays */
  struct write_behind_texts flush_texts;
  struct payment *payments; /* of those who left */
  struct timer *look;       /* again, whether a running sweep became slow, or waits */
  struct timer *daily;      /* the heads are told */
};

int64_t scheduler_now_ms(const struct scheduler *scheduler);
void scheduler_plan(struct job *job, int64_t at_ms);
void scheduler_pump(struct scheduler *scheduler);
void scheduler_note_attempt(struct job *job);
void scheduler_note_database(struct job *job, const struct error *error);
void scheduler_on_due(void *context); /* of a post's timer */
void scheduler_leave_era(struct scheduler *scheduler, struct era *era);
