#pragma once
/* Who takes part in the schedule. */
#include "schedule/queue.h"
#include "schedule/shutdown.h"

struct roster {
  struct roster_options {
    struct scheduler *scheduler;        /* whose jobs they are */
    const struct sweep_context *shared; /* loop, log and random of the process */
    struct queue *queue;
    struct shutdown *shutdown;
  } options;
  struct job **jobs; /* each knows its place; who leaves is replaced by the last one */
  int job_count, capacity;
  int64_t adoptions;                       /* counted */
  int attempts_left;                       /* jobs that were not tried once */
  int troubled;                            /* jobs whose last sweep the database refused */
  struct index *names;                     /* of those that are configured; NULL: to be made anew */
  struct job **named;                      /* what its numbers mean */
  const struct health_organization **told; /* of roster_tell() */
  int told_capacity;
  unsigned known_round; /* readings of what the database knows that began in an earlier one go no further */
};

/* How those that this daemon sweeps are, into `health`; borrowed until the next turn of the loop. */
void roster_tell(struct roster *roster, struct health *health);
void roster_init(struct roster *roster, const struct roster_options *options);
void roster_finish(struct roster *roster); /* no sweep may be under way */
/* True when none is left; else to be called again in the next turn. No sweep may be under way. */
bool roster_clear(struct roster *roster);
struct job *roster_add(struct roster *roster, const struct config_organization *organization, int64_t now_ms);
void roster_remove(struct roster *roster, struct job *job);        /* it has no sweep any more */
struct job *roster_find(struct roster *roster, struct slice name); /* NULL: there is none */
void roster_forget_names(struct roster *roster);                   /* somebody has come or gone */
void roster_note_attempt(struct roster *roster, struct job *job);  /* it was tried, or needs not be */
void roster_note_trouble(struct roster *roster, struct job *job, bool troubled);

/* Visits all, the last one first, as many in a turn as it has time for: who leaves meanwhile hides nobody, who comes is not visited. */
struct walk {
  struct roster *roster;
  struct timer *timer;
  bool going;
  int left; /* to be visited */
  struct walk_options {
    void (*visit)(void *context, struct job *job);
    void (*done)(void *context); /* from the loop, when all were visited; NULL is allowed */
    void *context;
  } options;
};

void walk_open(struct walk *walk, struct roster *roster, const struct walk_options *options);
void walk_begin(struct walk *walk); /* also from the beginning again */
void walk_stop(struct walk *walk);  /* `done` does not come */
void walk_close(struct walk *walk);
