#pragma once
/* Last words: what an organization that leaves still owes, the heads of the evidence, and what is written down when the daemon stops. */
#include "schedule/database_monitor.h"
#include "schedule/job.h"

struct shutdown;

struct shutdown_options {
  const struct sweep_context *shared; /* loop, log and random of the process */
  const struct database_monitor *database_monitor;
  void (*settled)(void *context); /* a payment has ended */
  void (*written)(void *context); /* of shutdown_write() */
  void (*stopped)(void *context); /* of shutdown_tell_heads() */
  void *context;
};

struct shutdown *shutdown_create(const struct shutdown_options *options);
void shutdown_destroy(struct shutdown *shutdown); /* NULL is allowed */
/* The configuration in force; borrowed. */
void shutdown_use(struct shutdown *shutdown, struct generation *generation);
/* Of a fleet, whose heads are told: an integer[] of PostgreSQL, copied; the empty slice: all. */
void shutdown_use_slots(struct shutdown *shutdown, struct slice slots);

/* What the job owes goes to the generation's database; then nothing is remembered any more. */
void shutdown_pay(struct shutdown *shutdown, struct job *job, struct generation *generation);

bool shutdown_is_paying(const struct shutdown *shutdown); /* shutdown_write() has to wait */
/* Write down what all jobs owe (they are borrowed until then); `written` follows, perhaps at once. The second call does nothing. */
void shutdown_write(struct shutdown *shutdown, struct job *const *jobs, int count);
/* After that: the heads as they are now; `stopped` follows, perhaps at once. */
void shutdown_tell_heads(struct shutdown *shutdown);
void shutdown_stop(struct shutdown *shutdown); /* the daily heads are not told any more */
/* No more waiting: the sessions of payments and of the configuration in force are dropped, nothing more is written. */
void shutdown_abandon(struct shutdown *shutdown);
