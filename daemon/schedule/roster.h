#pragma once
/* Who takes part in the schedule. A new configuration disturbs nobody whom it does not name. */
#include "schedule/queue.h"
#include "schedule/shutdown.h"

struct roster {
  struct roster_options {
    struct scheduler *scheduler; /* whose jobs they are */
    struct loop *loop;
    struct log *log;
    struct random *random;
    struct queue *queue;
    struct shutdown *shutdown;
  } options;
  struct job **jobs;
  int job_count;
  int attempts_left;   /* jobs that were not tried once */
  int troubled;        /* jobs whose last sweep the database refused */
  struct index *names; /* of those that are configured; NULL: to be made anew */
  struct job **named;  /* what its numbers mean */
};

void roster_init(struct roster *roster, const struct roster_options *options);
void roster_finish(struct roster *roster); /* no sweep may be under way */
/* The organizations of `after`: add, change, drop. `before` is the generation that was in force, or `after` itself. */
void roster_adopt(struct roster *roster, struct generation *before, const struct generation *after);
void roster_remove(struct roster *roster, struct job *job);        /* it has no sweep any more */
struct job *roster_find(struct roster *roster, struct slice name); /* NULL: there is none */
void roster_note_attempt(struct roster *roster, struct job *job);  /* it was tried, or needs not be */
void roster_note_trouble(struct roster *roster, struct job *job, bool troubled);
