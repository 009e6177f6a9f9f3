#pragma once
/* Last words: what an organization that leaves still owes, the heads of the evidence, and what is written down when the daemon stops. */
#include "schedule/database_monitor.h"
#include "schedule/job.h"

struct shutdown;

struct shutdown_options {
  struct loop *loop;
  struct log *log;
  const struct database_monitor *database_monitor;
  void (*settled)(void *context); /* something that a stop waits for has ended */
  void (*stopped)(void *context); /* of shutdown_write() */
  void *context;
};

struct shutdown *shutdown_create(const struct shutdown_options *options);
void shutdown_destroy(struct shutdown *shutdown); /* NULL is allowed */
/* The configuration in force; borrowed. */
void shutdown_use(struct shutdown *shutdown, const struct generation *generation);

/* What the job owes goes to the generation's database; then nothing is remembered any more. */
void shutdown_pay(struct shutdown *shutdown, struct job *job, struct generation *generation);

bool shutdown_is_paying(const struct shutdown *shutdown);
/* Payments and heads are answered: shutdown_write() may come. */
bool shutdown_is_settled(const struct shutdown *shutdown);
/* Write down what all jobs owe (they are borrowed), tell the heads; `stopped` follows. The second call does nothing. */
void shutdown_write(struct shutdown *shutdown, struct job *const *jobs, int count);
void shutdown_stop(struct shutdown *shutdown); /* the daily heads are not told any more */
/* No more waiting: the sessions of payments and of the configuration in force are dropped, nothing more is written. */
void shutdown_abandon(struct shutdown *shutdown);
void shutdown_drop_sessions(const struct generation *generation);
