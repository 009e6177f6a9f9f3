#pragma once
/* All organizations, for months: when each is due, how many at once, what happens when the database is away. Each sweep is sweep.h's;
 * this room only starts them, and takes their reports. */
#include "monitor/health.h"
#include "schedule/generation.h"

struct scheduler;

struct scheduler_options {
  const struct sweep_context *shared; /* loop, log and random of the process */
  void (*attempted)(void *context);   /* the database and every organization were tried once */
  void (*known)(void *context);       /* what the database knows of the organizations was read, or it is away */
  void (*refused)(void *context,
                  const struct error *error); /* the first try of the database says: administrator, act */
  void (*adopted)(void *context);             /* the configuration has taken its place */
  void (*changed)(void *context);             /* what people see of it: accounts, failures, the database */
  void (*stopped)(void *context);
  void *context;
};

/* The generation is held as long as it is needed, as is the next one. */
struct scheduler *scheduler_create(const struct scheduler_options *options, struct generation *generation);
/* After `stopped`: what can be ended in this turn. True: all is, and scheduler_destroy() takes no time. */
bool scheduler_clear(struct scheduler *scheduler);
void scheduler_destroy(struct scheduler *scheduler); /* after `stopped`; NULL is allowed */

/* Another configuration: organizations are added, changed and dropped, the others go on undisturbed. `adopted` follows, and no other one
 * may come before it. */
void scheduler_configure(struct scheduler *scheduler, struct generation *generation);
/* Sweep one (or with NULL all) at once; several requests within 5 s are one sweep. False: there is no such NAME. */
bool scheduler_request(struct scheduler *scheduler, const char *name);
/* The session with the advisory locks was lost. */
void scheduler_lock_lost(struct scheduler *scheduler, const struct db *watch, const struct error *error);
/* Finish or abandon what is under way, write down what is owed; `stopped` follows. */
void scheduler_stop(struct scheduler *scheduler);
/* No more waiting: every session is dropped, what is owed is not written down. `stopped` follows. */
void scheduler_abandon(struct scheduler *scheduler);

/* As of now; borrowed until the next turn of the loop. */
const struct health *scheduler_health(struct scheduler *scheduler);
